import { expect, test } from "vitest";
import { cureOf, neededNames, templateUrl } from "../../desk/tables";
import { serverColumns } from "../../desk/tables.testutil";
import { BODY_TABLE, SITE_TABLE } from "./tables";

test.for([
  { sheet: "organisation_sheet", form: BODY_TABLE },
  { sheet: "site_sheet", form: SITE_TABLE },
])(
  "the columns of $sheet are those that the server takes, and each says how its cells are mended",
  ({ sheet, form }) => {
    expect(Object.entries(form.columns)).toEqual(serverColumns(sheet));
    for (const field of Object.keys(form.columns)) expect(cureOf(form, field), field).not.toBeNull();
    expect(cureOf(form, "nothing")).toBeNull();
  },
);

test("a template names each column once, also one with a comma, and says which are needed", () => {
  const text = decodeURIComponent(templateUrl(SITE_TABLE).split(",").slice(1).join(","));
  expect(text).toBe('\ufeffTên,Đơn vị,Loại nơi,"Phường, xã",Địa chỉ,Vĩ độ,Kinh độ\r\n');
  expect(neededNames(SITE_TABLE)).toBe("Tên, Đơn vị");
});
