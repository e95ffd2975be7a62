/**
 * The mock server's organisations and sites, and its list of cameras: searched,
 * filtered, a page at a time, as a table, and from one. Tables are CSV alone.
 */
import { randomUUID } from "node:crypto";

const body = (id, name, parent, kind, more = {}) => ({
  id,
  kind,
  code: null,
  name,
  name_en: null,
  former_names: [],
  parent,
  valid_from: null,
  valid_until: null,
  successors: [],
  ...more,
});

export const organisations = [
  body("o1", "Công an Thành phố", null, "police", { code: "CATP" }),
  body("o2", "Phường Hoàn Kiếm", "o1", "ward_committee", { code: "00070", valid_from: "2025-07-01" }),
  body("o3", "Phường Cửa Nam", "o1", "ward_committee", { code: "00082", valid_from: "2025-07-01" }),
  body("o4", "Phòng Cảnh sát giao thông", "o1", "police_division", { former_names: ["Phòng PC67"] }),
  body("o5", "Đội Cảnh sát giao thông số 1", "o4", "police_division"),
  body("o6", "Quận Hoàn Kiếm", null, "district", {
    code: "002",
    valid_until: "2025-06-30",
    successors: ["o2", "o3"],
  }),
  body("o7", "Phường Hàng Trống", "o6", "ward_committee", {
    code: "00076",
    valid_until: "2025-06-30",
    successors: ["o2"],
  }),
  body("o8", "Tổng công ty Đường sắt", null, "enterprise"),
];

const site = (id, name, organisation, category, more = {}) => {
  return { id, name, organisation, category, ward: null, address: null, latitude: null, longitude: null, ...more };
};
export const sites = [
  site("s1", "Ngã tư Tràng Tiền – Hàng Bài", "o2", "junction", {
    ward: "00070",
    address: "Ngã tư Tràng Tiền – Hàng Bài",
    latitude: 21.0245,
    longitude: 105.8537,
  }),
  site("s2", "Chợ Đồng Xuân", "o2", "market", { ward: "00070", address: "Phố Đồng Xuân" }),
  site("s3", "Ga Hà Nội", "o3", "railway_station", { ward: "00082", latitude: 21.0241, longitude: 105.8412 }),
];

/** The columns of a table that count here, by the field that each is for. */
const COLUMNS = {
  number: "Số",
  name: "Tên",
  site: "Địa điểm",
  url: "Địa chỉ luồng chính",
  purposes: "Mục đích",
  legal_basis: "Căn cứ pháp lý",
};

/** Folds as the server does, near enough. */
export function fold(text) {
  const bare = text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/g, "d");
  return bare.replace(/\s+/g, " ").trim();
}

/** `add` makes a camera of a number, name, site and address. */
export function makePlaces({ cameras, rowOf, add, fail }) {
  const organisationOf = (id) => organisations.find((one) => one.id === id);
  const siteOf = (id) => sites.find((one) => one.id === id);
  const isWithin = (id, of) => {
    for (let at = organisationOf(id); at; at = organisationOf(at.parent)) if (at.id === of) return true;
    return false;
  };

  function arrange(method, path, asked) {
    const [, family, id] = path.split("/");
    if (family === "sites") {
      if (method === "GET") return { status: 200, body: { sites } };
      if (asked.ward && !organisations.some((one) => one.kind === "ward_committee" && one.code === asked.ward))
        return fail(400, "invalid", "no ward or commune has this code", { field: "ward" });
      if (asked.latitude != null && !(asked.latitude >= -90 && asked.latitude <= 90))
        return fail(400, "invalid", "a latitude is from -90 to 90 degrees", { field: "latitude" });
      if (id) return { status: 200, body: Object.assign(siteOf(id), asked) };
      sites.push({ ...site(randomUUID(), "", null, "other"), ...asked });
      return { status: 201, body: sites.at(-1) };
    }
    if (method === "GET") return { status: 200, body: { organisations } };
    const { move_to, ...change } = asked;
    if (change.code && organisations.some((one) => one.code === change.code && one.id !== id))
      return fail(409, "taken", "another has this code already", { field: "code" });
    if (!id) {
      organisations.push({ ...body(randomUUID(), "", null, "other"), ...change });
      return { status: 201, body: organisations.at(-1) };
    }
    const one = organisationOf(id);
    if (change.parent && isWithin(change.parent, id))
      return fail(400, "invalid", "an organisation cannot be a unit of itself", { field: "parent" });
    if (change.valid_until && one.valid_from && change.valid_until < one.valid_from)
      return fail(400, "invalid", "its last day is before its first", { field: "valid_until" });
    const units = organisations.filter((other) => other.parent === id && !other.valid_until);
    const its = sites.filter((other) => other.organisation === id);
    if (change.valid_until && !move_to && units.length + its.length > 0)
      return fail(409, "in_use", "it still has units and sites", { field: "valid_until" });
    if (move_to) {
      for (const unit of units) unit.parent = move_to;
      for (const other of its) other.organisation = move_to;
    }
    if (change.name && change.name !== one.name) one.former_names.push(one.name);
    return { status: 200, body: Object.assign(one, change) };
  }

  /** Returns the cameras that fit, in order of number. */
  function found(query) {
    const words = fold(query.get("q") ?? "").split(" ");
    const organisation = query.get("organisation");
    const fits = (camera) => {
      const at = siteOf(camera.site);
      const { owner, purposes, life_cycle } = camera.particulars;
      const its = [owner, at?.organisation].map(organisationOf);
      const text = [camera.number, camera.name, camera.make, at?.name, at?.address, ...its.map((one) => one?.name)];
      const folded = fold(text.join(" "));
      return (
        words.every((word) => folded.includes(word)) &&
        (!organisation || its.some((one) => one && isWithin(one.id, organisation))) &&
        (!query.has("ward") || at?.ward === query.get("ward")) &&
        (!query.has("purpose") || purposes.includes(query.get("purpose"))) &&
        (!query.has("life_cycle") || life_cycle === query.get("life_cycle")) &&
        (!query.has("inherited") || String(camera.inherited_until !== null) === query.get("inherited"))
      );
    };
    return cameras.filter(fits).sort((a, b) => a.number - b.number);
  }

  function page(query, user) {
    const all = found(query);
    const from = all.filter((camera) => camera.number >= Number(query.get("next") ?? 0));
    const most = Number(query.get("most") ?? 100);
    const today = new Date().toISOString().slice(0, 10);
    const listed = from.slice(0, most).map((camera) => {
      const overdue = camera.inherited_until !== null && camera.inherited_until < today;
      return { ...rowOf(camera, user), overdue, particulars: camera.particulars };
    });
    return { status: 200, body: { cameras: listed, total: all.length, next: from[most]?.number ?? null } };
  }

  function table(query) {
    const lines = found(query).map((camera) => [
      camera.number,
      camera.name,
      siteOf(camera.site)?.name,
      camera.url,
      camera.particulars.purposes.join(", "),
      camera.particulars.legal_basis,
    ]);
    const cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const text = [Object.values(COLUMNS), ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
    const headers = { "content-type": "text/csv", "content-disposition": 'attachment; filename="cameras.csv"' };
    return { status: 200, text: `\ufeff${text}`, headers };
  }

  function takeTable(bytes, dryRun) {
    const { refusal, rows, faults } = read(bytes, COLUMNS, ["name", "site", "url"]);
    if (refusal) return refusal;
    const [fresh, changes, seen] = [[], [], new Set()];
    for (const row of rows) {
      const place = sites.find((one) => fold(one.name) === fold(row.of("site")));
      const number = Number(row.of("number"));
      const there = cameras.find((one) => one.number === number);
      if (row.of("name") === "") row.bad("name", "the cell is empty; write a text");
      else if (!place) row.bad("site", "there is no site of this name; add it first");
      else if (!row.of("url").startsWith("rtsp://")) row.bad("url", "an address begins with rtsp://");
      else if (number && seen.has(number)) row.bad("number", `another row of the table is about number ${number}`);
      else if (there) changes.push([there, { name: row.of("name"), site: place.id, url: row.of("url") }]);
      else
        fresh.push(() => {
          const free = Math.max(...cameras.map((one) => one.number)) + 1;
          add(number || free, row.of("name"), place.id, row.of("url"));
        });
      seen.add(number);
    }
    return came(rows.length, fresh, changes, faults, dryRun);
  }

  /** Does what a table says, if all of it can be. `changes` are pairs of a thing and what is another of it. */
  function came(rows, fresh, changes, faults, dryRun) {
    const kept = faults.length === 0 && !dryRun;
    if (kept) {
      for (const make of fresh) make();
      for (const [one, change] of changes) Object.assign(one, change);
    }
    const body = { rows, added: fresh.length, changed: changes.length, kept, refused: faults.length, faults };
    return { status: 200, body };
  }

  /** Reads a table whose columns are named so, and says of each row what is wrong with it. */
  function read(bytes, columns, needed) {
    const text = bytes.toString();
    if (text.startsWith("PK") || text.includes("\0")) return { refusal: fail(400, "invalid", "the file is no table") };
    const [head, ...lines] = text
      .replace(/^\ufeff/, "")
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "")
      .map((line) => line.split(";").map((one) => one.trim()));
    const at = (field) => head.findIndex((one) => one === columns[field] || one === field);
    for (const field of needed)
      if (at(field) < 0) return { refusal: fail(400, "invalid", `there is no column ${columns[field]}`) };
    const faults = [];
    const rows = lines.map((line, i) => ({
      of: (field) => line[at(field)] ?? "",
      has: (field) => at(field) >= 0,
      bad: (field, message) =>
        faults.push({ row: i + 2, cell: `${String.fromCharCode(65 + at(field))}${i + 2}`, field, message }),
    }));
    return { rows, faults };
  }

  /** Organisations by their codes: new ones, or another name and unit of those that are there. */
  function takeBodies(bytes, dryRun) {
    const { refusal, rows, faults } = read(bytes, { code: "Mã", name: "Tên", parent: "Thuộc đơn vị" }, ["name"]);
    if (refusal) return refusal;
    const [fresh, changes] = [[], []];
    const codes = rows.map((row) => row.of("code"));
    for (const row of rows) {
      const [code, name, above] = ["code", "name", "parent"].map(row.of);
      const parent = organisations.find(
        (one) => above !== "" && (one.code === above || fold(one.name) === fold(above)),
      );
      const there = organisations.find((one) => code !== "" && one.code === code);
      if (name === "") row.bad("name", "the cell is empty; write a text");
      else if (above !== "" && !parent && !codes.includes(above)) row.bad("parent", "no organisation has this code");
      else if (!there)
        fresh.push(() => organisations.push(body(randomUUID(), name, parent?.id ?? null, "other", { code })));
      else if (there.name !== name || (row.has("parent") && there.parent !== (parent?.id ?? null)))
        changes.push([there, { name, ...(row.has("parent") && { parent: parent?.id ?? null }) }]);
    }
    return came(rows.length, fresh, changes, faults, dryRun);
  }

  /** Sites by their names and whose they are. */
  function takeSites(bytes, dryRun) {
    const columns = { name: "Tên", organisation: "Đơn vị", address: "Địa chỉ" };
    const { refusal, rows, faults } = read(bytes, columns, ["name", "organisation"]);
    if (refusal) return refusal;
    const [fresh, changes] = [[], []];
    for (const row of rows) {
      const [name, whose, address] = ["name", "organisation", "address"].map(row.of);
      const owner = organisations.find((one) => one.code === whose || fold(one.name) === fold(whose));
      const there = sites.find((one) => one.organisation === owner?.id && fold(one.name) === fold(name));
      if (!owner) row.bad("organisation", "no organisation has this code or name; write one that has");
      else if (!there) fresh.push(() => sites.push(site(randomUUID(), name, owner.id, "other", { address })));
      else if (there.address !== address) changes.push([there, { address }]);
    }
    return came(rows.length, fresh, changes, faults, dryRun);
  }

  return {
    /** Answers what is its own, and nothing else. */
    answer(method, path, query, asked, signIn, mustConfirm) {
      const { user } = signIn;
      const isDry = query.get("dry_run") === "true";
      const mine = /^\/(organisations|sites)(\/|$)/.test(path);
      if ((mine && method !== "GET") || path === "/cameras/import") {
        if (user.role !== "administrator")
          return fail(403, "forbidden", "organisations are arranged by administrators");
        const isTaken = path === "/organisations/import" && !isDry;
        if (signIn.mustConfirm && (isTaken || asked.parent !== undefined || asked.move_to !== undefined))
          return mustConfirm;
      }
      if (path === "/organisations/import") return takeBodies(asked, isDry);
      if (path === "/sites/import") return takeSites(asked, isDry);
      if (mine) return arrange(method, path, asked);
      if (path === "/cameras" && method === "GET") return page(query, user);
      if (path === "/cameras.csv" || path === "/cameras.xlsx") return table(query);
      if (path === "/cameras/import") return takeTable(asked, isDry);
      return null;
    },
  };
}
