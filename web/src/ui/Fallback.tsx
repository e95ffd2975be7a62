/** What stands on the screen when nothing else can: nothing there yet, waiting, no server, something broke. */
import { Trans } from "@lingui/react/macro";
import { Component, type ReactNode } from "react";
import { Mark } from "./Mark";
import "./fallback.css";

interface Words {
  title: ReactNode;
  children?: ReactNode;
}

function Page({ title, children }: Words) {
  return (
    <main className="fallback">
      <div>
        <Mark className="fallbackmark" />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** In the place of a list with nothing in it: what is so, and what to do. */
export function Empty({ title, children }: Words) {
  return (
    <div className="fallback">
      <div>
        <Mark className="fallbackmark" />
        <h2>{title}</h2>
        {children}
      </div>
    </div>
  );
}

export function Waiting() {
  return <Page title={<Trans>Đang mở Khuê…</Trans>} />;
}

export function NoServer({ onAgain }: { onAgain: () => void }) {
  return (
    <Page title={<Trans>Máy chủ không trả lời</Trans>}>
      <p className="t2">
        <Trans>Kiểm tra đường mạng của máy này. Trang tự mở khi máy chủ trả lời.</Trans>
      </p>
      <button type="button" className="btn primary" onClick={onAgain}>
        <Trans>Thử lại</Trans>
      </button>
    </Page>
  );
}

/** `around` is `Empty` where the frame still stands. */
export function Broken({ error, around: Around = Page }: { error: unknown; around?: (words: Words) => ReactNode }) {
  return (
    <Around title={<Trans>Màn hình này bị lỗi</Trans>}>
      <p className="t2">
        <Trans>
          Việc ghi hình không bị ảnh hưởng. Mở lại trang; nếu còn lỗi, gửi dòng dưới đây cho người quản trị.
        </Trans>
      </p>
      <pre className="small t3">{error instanceof Error ? error.message : String(error)}</pre>
      <button type="button" className="btn primary" onClick={() => location.reload()}>
        <Trans>Mở lại trang</Trans>
      </button>
    </Around>
  );
}

/** Keeps an error on one screen from taking the frame along. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} around={Empty} />;
  }
}
