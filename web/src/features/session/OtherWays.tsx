/** Getting in otherwise than by a password: by a passkey, or by another installation that says who one is. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Building2, CircleCheck, Fingerprint, KeyRound } from "lucide-react";
import { beginSingleSignOn } from "../../api/account";
import { ApiError } from "../../api/error";
import { signInByPasskey } from "../../api/passkeys";
import { sessionQuery, signInWaysQuery } from "../../api/queries";
import { Problem } from "../../desk/Problem";
import { canUsePasskeys } from "../../lib/passkey";
import { Door } from "../../ui/Door";
import { Warning } from "../../ui/Warning";

/** With what word the server led here, read once: a page that is loaded anew says nothing of it. */
const word = new URLSearchParams(location.search).get("sso");
if (word !== null) history.replaceState(history.state, "", location.pathname);

/** Whether this page is the one that came back from confirming; another one waits for it. */
export const cameToConfirm = word === "confirmed";

/** All ways but the password. */
export function OtherWays() {
  const { data: ways } = useQuery(signInWaysQuery);
  const passkey = ways?.passkey && canUsePasskeys();
  if (!ways?.oidc && !passkey) return null;
  return (
    <>
      <div className="or" aria-hidden>
        <Trans>hoặc</Trans>
      </div>
      {passkey && <ByPasskey />}
      {ways.oidc && <SingleSignOn label={ways.oidc} />}
    </>
  );
}

function ByPasskey() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const going = useMutation({
    mutationFn: signInByPasskey,
    onSuccess: (session) => session && queries.setQueryData(sessionQuery.queryKey, session),
  });
  const code = going.error instanceof ApiError ? going.error.code : "";
  return (
    <>
      <button
        type="button"
        className="btn wide"
        data-act="passkey"
        disabled={going.isPending}
        onClick={() => going.mutate()}
      >
        <Fingerprint /> <Trans>Đăng nhập bằng khóa (vân tay, khuôn mặt, PIN)</Trans>
      </button>
      {going.data === null && (
        <p className="small t2">
          <Trans>Chưa đăng nhập: không có khóa nào được dùng. Thử lại, hoặc dùng mật khẩu.</Trans>
        </p>
      )}
      {going.error && (
        <Problem error={going.error}>
          {code === "wrong_passkey" && t`Khóa này không mở được tài khoản nào ở đây. Dùng khóa khác hoặc mật khẩu.`}
          {code === "expired" && t`Quá 5 phút. Làm lại từ đầu.`}
        </Problem>
      )}
    </>
  );
}

function SingleSignOn({ label }: { label: string }) {
  const { t } = useLingui();
  const going = useMutation({
    mutationFn: beginSingleSignOn,
    onSuccess: (url) => location.assign(url),
  });
  return (
    <>
      <button
        type="button"
        className="btn wide"
        data-act="sso"
        disabled={going.isPending || going.isSuccess}
        onClick={() => going.mutate()}
      >
        <Building2 /> <Trans>Đăng nhập bằng {label}</Trans>
      </button>
      {going.error ? (
        <Problem error={going.error}>
          {"code" in going.error &&
            going.error.code === "busy" &&
            t`${label} không trả lời. Thử lại sau, hoặc đăng nhập bằng mật khẩu.`}
        </Problem>
      ) : (
        word && !going.isPending && <CameBack label={label} />
      )}
    </>
  );
}

function CameBack({ label }: { label: string }) {
  return (
    <Warning icon={<KeyRound aria-hidden />}>
      <WhyNot label={label} />
    </Warning>
  );
}

function WhyNot({ label }: { label: string }) {
  switch (word) {
    case "stale":
      return <Trans>Lượt đăng nhập này đã quá 10 phút, hoặc bắt đầu ở trình duyệt khác. Bấm đăng nhập lại.</Trans>;
    case "refused":
      return <Trans>{label} không xác nhận bạn. Đăng nhập lại ở đó, hoặc dùng mật khẩu.</Trans>;
    case "unreachable":
      return <Trans>{label} không trả lời. Thử lại sau, hoặc đăng nhập bằng mật khẩu.</Trans>;
    case "unknown_person":
      return <Trans>Tài khoản của bạn chưa có trong hệ thống camera. Nhờ người quản trị thêm bạn, rồi thử lại.</Trans>;
    case "no_group":
      return <Trans>Tài khoản của bạn chưa thuộc nhóm nào được vào hệ thống camera. Hỏi người quản trị.</Trans>;
    case "no_name":
      return <Trans>{label} không cho biết tên đăng nhập dùng được ở đây. Báo người quản trị.</Trans>;
    case "another_person":
      return <Trans>Tên này ở đây đã gắn với một tài khoản khác. Báo người quản trị.</Trans>;
    case "administrator":
      return <Trans>Người quản trị đăng nhập bằng mật khẩu riêng của hệ thống này.</Trans>;
    default:
      return <Trans>Chưa vào được. Thử lại; nếu vẫn vậy, báo người quản trị xem nhật ký máy chủ.</Trans>;
  }
}

/** The page that came back from confirming: another one goes on. */
export function Confirmed() {
  return (
    <Door title={<Trans>Đã xác nhận đúng là bạn</Trans>}>
      <p>
        <CircleCheck className="good" aria-hidden />{" "}
        <Trans>Đóng trang này và quay lại trang trước để làm tiếp trong 5 phút.</Trans>
      </p>
    </Door>
  );
}
