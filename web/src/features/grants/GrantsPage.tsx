/**
 * Who may do what with which cameras: what was given, giving, agreeing,
 * revoking. Administrators see all of it; others what reaches them, and what
 * they gave on out of that.
 */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ShieldPlus, Trash2 } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { revokeGrant } from "../../api/grants";
import { givenQuery, grantsQuery, permissionSetsQuery, sessionQuery } from "../../api/queries";
import type { GrantRow } from "../../api/types";
import { RightsTabs } from "../../desk/PageTabs";
import { SureDialog } from "../../desk/SureDialog";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { SearchField } from "../../ui/SearchField";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { GiveForm } from "./GiveForm";
import { Given } from "./Given";
import { OfCamera, OfPerson } from "./Held";
import "./grants.css";

type Open = { kind: "give" } | { kind: "share" | "revoke"; grant: GrantRow } | null;

export function GrantsPage() {
  const { t } = useLingui();
  const { data: session } = useQuery(sessionQuery);
  const administers = session?.user.role === "administrator";
  const { data: grants, error } = useQuery({ ...grantsQuery, enabled: session != null && !administers });
  const [open, setOpen] = useState<Open>(null);
  const acts = {
    onRevoke: (grant: GrantRow) => setOpen({ kind: "revoke", grant }),
    onShare: (grant: GrantRow) => setOpen({ kind: "share", grant }),
  };
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Quyền`}>
        <RightsTabs />
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {administers ? (
          <OfAll onGive={() => setOpen({ kind: "give" })} {...acts} />
        ) : (
          <OfOneself grants={grants} {...acts} />
        )}
      </section>
      {open?.kind === "give" && <GiveForm whole={null} onClose={() => setOpen(null)} />}
      {open?.kind === "share" && <GiveForm whole={open.grant} onClose={() => setOpen(null)} />}
      {open?.kind === "revoke" && <RevokeDialog grant={open.grant} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface Acts {
  onRevoke: (grant: GrantRow) => void;
  onShare: (grant: GrantRow) => void;
}

type View = "given" | "camera" | "person";

function OfAll({ onGive, ...acts }: Acts & { onGive: () => void }) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const [view, setView] = useState<View>("given");
  return (
    <>
      <div className="ph tools">
        <Segmented<View>
          label={t`Xem theo`}
          value={view}
          choices={[
            { value: "given", text: t`Đã cấp` },
            { value: "camera", text: t`Ai xem được` },
            { value: "person", text: t`Xem được gì` },
          ]}
          onChange={setView}
        />
        <span className="t2 grow">
          {!phone && <Trans>Ai không được cấp quyền với camera nào thì không thấy camera đó.</Trans>}
        </span>
        <button type="button" className="btn primary" data-act="give" onClick={onGive}>
          <ShieldPlus /> <Trans>Cấp quyền</Trans>
        </button>
      </div>
      {view === "camera" && <OfCamera />}
      {view === "person" && <OfPerson />}
      {view === "given" && <AllGiven {...acts} />}
    </>
  );
}

/** How many are drawn at once, and how many more each time that is asked for. */
const STEP = 200;
/** The most that the server tells at once. */
const MOST = 1000;

/** All that was given, the latest first; a city has tens of thousands, so words find what is meant. */
function AllGiven(acts: Acts) {
  const { t } = useLingui();
  const [find, setFind] = useState("");
  const [most, setMost] = useState(STEP);
  const { data, error } = useQuery(givenQuery(useDeferredValue(find.trim()), most));
  const shown = data?.grants.length ?? 0;
  const total = data?.total ?? 0;
  return (
    <>
      <div className="ph tools">
        <SearchField
          inTools
          name="find"
          value={find}
          onSearch={(typed) => {
            setFind(typed);
            setMost(STEP);
          }}
          placeholder={t`Tìm theo người, nhóm, đơn vị, căn cứ`}
          aria-label={t`Tìm theo người, nhóm, đơn vị, căn cứ`}
        />
        <span className="t2" role="status">
          {total > shown ? (
            <Trans>
              {shown} mới nhất trong {total} quyền
            </Trans>
          ) : (
            <Plural value={total} other="# quyền" />
          )}
        </span>
      </div>
      {error && (
        <Warning>
          <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
        </Warning>
      )}
      <Given grants={data?.grants ?? []} {...acts} />
      {data?.next != null && most < MOST && (
        <button type="button" className="btn more" data-act="more" onClick={() => setMost(most + STEP)}>
          <Trans>Xem thêm</Trans>
        </button>
      )}
    </>
  );
}

/** What reaches whoever looks, and what they gave on. */
function OfOneself({ grants, ...acts }: Acts & { grants: readonly GrantRow[] | undefined }) {
  if (grants === undefined) return null;
  const given = grants.filter((one) => one.origin === "grant" && one.may_revoke);
  const reaching = grants.filter((one) => !given.includes(one));
  if (grants.length === 0)
    return (
      <Empty title={<Trans>Bạn chưa được cấp quyền nào</Trans>}>
        <p className="t2">
          <Trans>Quyền do người quản trị cấp, hoặc do người được chia sẻ chia lại.</Trans>
        </p>
      </Empty>
    );
  return (
    <div className="tablebox">
      <h2 className="parthead">
        <Trans>Quyền bạn đang có</Trans>
      </h2>
      <Given grants={reaching} {...acts} />
      {given.length > 0 && (
        <>
          <h2 className="parthead">
            <Trans>Quyền bạn đã chia lại</Trans>
          </h2>
          <Given grants={given} {...acts} />
        </>
      )}
    </div>
  );
}

function RevokeDialog({ grant, onClose }: { grant: GrantRow; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  return (
    <SureDialog
      title={<Trans>Thu hồi quyền này?</Trans>}
      act={
        <>
          <Trash2 /> <Trans>Thu hồi</Trans>
        </>
      }
      onSure={() => revokeGrant(grant.id)}
      stale={grantsQuery.queryKey}
      onDone={() => {
        void queries.invalidateQueries({ queryKey: permissionSetsQuery.queryKey });
        toast(t`Đã thu hồi quyền.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Những gì đang phát nhờ quyền này dừng trong vài giây. Quyền được chia lại từ quyền này cũng hết theo.
        </Trans>
      </p>
    </SureDialog>
  );
}
