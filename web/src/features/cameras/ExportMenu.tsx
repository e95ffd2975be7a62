/** The cameras that fit, as a file. The browser streams it to disk, whatever its size. */
import { Trans, useLingui } from "@lingui/react/macro";
import { FileDown } from "lucide-react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { tableUrl } from "../../api/tables";
import type { CamerasAsked } from "../../api/types";

export function ExportMenu({ asked }: { asked: CamerasAsked }) {
  const { t } = useLingui();
  return (
    <MenuTrigger>
      <Button className="btn" data-act="export">
        <FileDown /> <Trans>Xuất bảng</Trans>
      </Button>
      <Popover className="pop exportpop" placement="bottom end">
        <Menu aria-label={t`Xuất bảng`}>
          <MenuItem href={tableUrl("cameras", "xlsx", asked)} download="cameras.xlsx" textValue="XLSX">
            <Trans>Excel (.xlsx)</Trans>
          </MenuItem>
          <MenuItem href={tableUrl("cameras", "csv", asked)} download="cameras.csv" textValue="CSV">
            <Trans>CSV (.csv)</Trans>
          </MenuItem>
        </Menu>
        <header>
          <Trans>Gồm các camera đang lọc, không có mật khẩu. Việc này được ghi nhật ký.</Trans>
        </header>
      </Popover>
    </MenuTrigger>
  );
}
