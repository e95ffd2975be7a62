/** The screens about rights, side by side: what was given, sets of permissions, agreements, rules. */
import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sessionQuery } from "../api/queries";

export function RightsTabs() {
  const { t } = useLingui();
  const { data: session } = useQuery(sessionQuery);
  const administers = session?.user.role === "administrator";
  return (
    <nav className="pagetabs" aria-label={t`Các màn hình về quyền`}>
      <Link to="/grants" activeProps={{ className: "on" }}>{t`Quyền`}</Link>
      {administers && <Link to="/permission-sets" activeProps={{ className: "on" }}>{t`Bộ quyền`}</Link>}
      <Link to="/agreements" activeProps={{ className: "on" }}>{t`Thoả thuận`}</Link>
      <Link to="/policies" activeProps={{ className: "on" }}>{t`Quy định`}</Link>
    </nav>
  );
}

/** Who there is: persons, and groups of them. */
export function PeopleTabs() {
  const { t } = useLingui();
  return (
    <nav className="pagetabs" aria-label={t`Các màn hình về người dùng`}>
      <Link to="/people" activeProps={{ className: "on" }}>{t`Người dùng`}</Link>
      <Link to="/groups" activeProps={{ className: "on" }}>{t`Nhóm`}</Link>
    </nav>
  );
}
