/**
 * The rights side of the mock server: sets of permissions, groups, agreements,
 * approvals, emergencies, rules and written requests. Like the rest of it, it
 * keeps what screens need and proves nothing about khue.
 *
 * `PUT /mock/rules` with some of a version's terms changes the one that holds.
 */
import { randomUUID } from "node:crypto";

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

export function makeRights({ now, began, cameras, users, grants, fail }) {
  const set = (id, name, actions, more = {}) => ({
    id,
    set: { name, name_en: null, actions, ptz_priority: 5, most_lines: null, playback_days: null, ...more },
  });
  const sets = [
    set("ps1", "Trực ban", ["live", "playback", "export", "ptz", "sound"], { name_en: "Watch officer" }),
    set("ps2", "Điều tra viên", ["live", "playback", "export"], { playback_days: 90 }),
    set("ps3", "Cán bộ phường", ["live"], { most_lines: 720 }),
  ];
  const groups = [{ id: "gr1", name: "Đội Cảnh sát giao thông số 1", members: ["u2", "u5"] }];
  const usual = {
    from_us: 0,
    basis: "Quy định khởi tạo của hệ thống",
    case_after_hours: 24,
    case_for_export: false,
    case_for_sound: false,
    approve_ordinary: false,
    approve_defence: true,
    approve_longer_minutes: 60,
    approval_hours: 24,
    emergency_minutes: 30,
    review_hours: 24,
  };
  const policies = [{ version: 1, terms: { ...usual }, by: null, at_us: began - 30 * DAY }];
  const held = () => policies.filter((one) => one.terms.from_us <= now()).at(-1);
  const signature = (by, at_us = now()) => ({ by, at_us });
  const agreements = [
    {
      id: "a1",
      terms: {
        number: "07/TT-CSGT",
        document: "Kế hoạch 112/KH-UBND",
        purpose: "phối hợp điều tiết giao thông",
        owner: "o2",
        recipient: "o1",
        people: null,
        scope: { kind: "organisation", id: "o2" },
        purposes: ["traffic"],
        actions: ["live", "playback"],
        hours: "1-5 06:00-20:00",
        most_lines: 720,
        playback_days: 7,
        from_us: null,
        until_us: now() + 200 * DAY,
      },
      drafted: signature("Quản trị", now() - DAY),
      owner_signed: null,
      recipient_signed: signature("Trần Thị Hai", now() - HOUR),
      ended: null,
      end_reason: null,
      signs: ["u2"],
    },
  ];
  const approvals = [
    {
      id: "ap1",
      user: "u5",
      camera: "c113",
      from_us: now() - 3 * HOUR,
      to_us: now() - 1.5 * HOUR,
      sound: false,
      purpose: "xác minh va chạm tại ngã tư",
      case: "VV-2026-00418",
      asked_us: now() - HOUR / 3,
      answer: null,
    },
  ];
  const emergencies = [];
  const requests = [
    {
      id: "dr1",
      letter: {
        number: "418/CQĐT",
        dated_us: now() - 6 * DAY,
        agency: "Cơ quan Cảnh sát điều tra",
        legal_basis: "Điều 88 Bộ luật Tố tụng hình sự",
        purpose: "điều tra vụ trộm xe máy",
        cameras: ["c113", "c131"],
        from_us: now() - 2 * HOUR,
        to_us: now() - 1.8 * HOUR,
      },
      due_us: now() - DAY,
      user: "u5",
      registered_us: now() - 4 * DAY,
      decision: null,
      copies: [],
      received_us: null,
      received_by: null,
    },
  ];
  const named = (id) => users.find((one) => one.id === id)?.display_name ?? null;
  const admins = fail(403, "forbidden", "administrators do this");
  const gone = (what) => fail(404, "not_found", `there is no such ${what}`);

  const setRow = (one) => ({ ...one, grants: grants.filter((g) => g.terms.permission_set === one.id).length });
  const agreementRow = (one, user) => {
    const { signs, ...row } = one;
    const state = one.ended
      ? "ended"
      : one.terms.until_us <= now()
        ? "over"
        : one.owner_signed && one.recipient_signed
          ? "in_force"
          : "draft";
    const lives = state === "draft" || state === "in_force";
    return { ...row, state, may_sign: state === "draft" && signs.includes(user.id), may_end: lives };
  };
  const approvalRow = (one, user) => {
    const { user: by, answer, ...row } = one;
    const state = !answer ? "waiting" : !answer.until_us ? "refused" : answer.until_us > now() ? "approved" : "over";
    return {
      ...row,
      by: named(by),
      own: by === user.id,
      state,
      answered_by: answer?.by ?? null,
      note: answer?.note || null,
      until_us: answer?.until_us ?? null,
      may_answer: state === "waiting" && by !== user.id && user.role === "operator",
    };
  };
  const emergencyRow = (one, user) => {
    const { user: by, ...row } = one;
    const may_review = !one.review && user.role === "administrator";
    return { ...row, by: named(by), own: by === user.id, may_review };
  };
  const requestRow = (one, user) => {
    const { user: by, decision, ...row } = one;
    const state = one.received_us
      ? "received"
      : one.copies.length > 0
        ? "handed_over"
        : decision
          ? decision.approved
            ? "approved"
            : "refused"
          : "registered";
    return {
      ...row,
      state,
      registered_by: named(by),
      late: !decision && one.due_us < now(),
      decided_by: decision?.by ?? null,
      decided_us: decision?.at_us ?? null,
      note: decision?.note || null,
      may_decide: !decision && by !== user.id && user.role === "operator",
    };
  };

  function permissionSets(method, id, body) {
    if (method === "GET") return { status: 200, body: { permission_sets: sets.map(setRow) } };
    if (sets.some((one) => one.id !== id && one.set.name === body?.name))
      return fail(409, "taken", "the name is taken", { field: "name" });
    const one = sets.find((other) => other.id === id);
    if (method === "POST") {
      sets.push(set(randomUUID(), body.name, body.actions, body));
      return { status: 201, body: setRow(sets.at(-1)) };
    }
    if (!one) return gone("set");
    if (method === "PUT") {
      one.set = { ...one.set, ...body };
      for (const grant of grants) if (grant.terms.permission_set === id) grant.terms.actions = one.set.actions;
      return { status: 200, body: setRow(one) };
    }
    if (setRow(one).grants > 0) return fail(409, "in_use", "grants follow it");
    sets.splice(sets.indexOf(one), 1);
    return { status: 204 };
  }

  function groupsAnswer(method, id, body) {
    if (method === "GET") return { status: 200, body: { groups } };
    if (method === "POST") {
      groups.push({ id: randomUUID(), ...body });
      return { status: 201, body: groups.at(-1) };
    }
    const one = groups.find((other) => other.id === id);
    if (!one) return gone("group");
    if (method === "PATCH") return { status: 200, body: Object.assign(one, body) };
    groups.splice(groups.indexOf(one), 1);
    return { status: 204 };
  }

  function agreementsAnswer(method, id, act, body, user) {
    if (method === "GET")
      return {
        status: 200,
        body: {
          agreements: agreements.map((one) => agreementRow(one, user)),
          may_draft: user.role === "administrator" || user.id === "u2",
        },
      };
    if (!id) {
      if (agreements.some((one) => one.terms.number === body.number)) return fail(409, "taken", "the number is taken");
      if (body.owner === body.recipient)
        return fail(400, "invalid", "the recipient is another body", { field: "recipient" });
      const unsigned = { owner_signed: null, recipient_signed: null, ended: null, end_reason: null };
      agreements.unshift({
        id: randomUUID(),
        terms: body,
        drafted: signature(user.display_name),
        ...unsigned,
        signs: ["u2"],
      });
      return { status: 201, body: agreementRow(agreements[0], user) };
    }
    const one = agreements.find((other) => other.id === id);
    if (!one) return gone("agreement");
    if (act === "signature") {
      if (!one.owner_signed) one.owner_signed = signature(user.display_name);
      else one.recipient_signed = signature(user.display_name);
      one.signs = [];
    } else {
      one.ended = signature(user.display_name);
      one.end_reason = body.reason;
    }
    return { status: 200, body: agreementRow(one, user) };
  }

  function approvalsAnswer(method, id, body, user) {
    if (method === "GET") return { status: 200, body: { approvals: approvals.map((one) => approvalRow(one, user)) } };
    if (!id) {
      const asked = { sound: false, case: null, ...body, id: randomUUID(), user: user.id, asked_us: now() };
      approvals.unshift({ ...asked, answer: null });
      return { status: 201, body: approvalRow(approvals[0], user) };
    }
    const one = approvals.find((other) => other.id === id);
    if (!one) return gone("approval");
    if (one.user === user.id || one.answer) return fail(409, "taken", "it is one's own, or answered");
    const until_us = body.approved ? now() + held().terms.approval_hours * HOUR : null;
    one.answer = { by: user.display_name, note: body.note, until_us };
    return { status: 200, body: approvalRow(one, user) };
  }

  function emergenciesAnswer(method, id, body, user) {
    if (method === "GET") {
      const concerns = (one) => one.user === user.id || user.role === "administrator";
      return { status: 200, body: { emergencies: emergencies.filter(concerns).map((one) => emergencyRow(one, user)) } };
    }
    if (!id) {
      const holds = grants.some((one) => one.terms.subject.id === user.id && one.terms.actions.includes("override"));
      if (!holds) return fail(403, "forbidden", "nobody gave you this");
      const { emergency_minutes, review_hours } = held().terms;
      emergencies.unshift({
        id: randomUUID(),
        user: user.id,
        ...body,
        at_us: now(),
        until_us: now() + emergency_minutes * 60_000_000,
        due_us: now() + review_hours * HOUR,
        review: null,
      });
      for (const camera of cameras)
        if (body.cameras.includes(camera.id)) camera.may = { ...camera.may, live: true, playback: true };
      return { status: 201, body: emergencyRow(emergencies[0], user) };
    }
    const one = emergencies.find((other) => other.id === id);
    if (!one) return gone("emergency");
    one.review = { by: user.display_name, at_us: now(), ...body };
    return { status: 200, body: emergencyRow(one, user) };
  }

  function policiesAnswer(method, body, user) {
    if (method === "GET") return { status: 200, body: { holds: held().version, versions: [...policies].reverse() } };
    if (user.role !== "administrator") return admins;
    if (body.emergency_minutes < 1)
      return fail(400, "invalid", "give 1 to 240 minutes", { field: "emergency_minutes" });
    policies.push({ version: policies.at(-1).version + 1, terms: body, by: user.display_name, at_us: now() });
    return { status: 201, body: policies.at(-1) };
  }

  function requestsAnswer(method, id, act, body, user) {
    if (method === "GET") return { status: 200, body: { data_requests: requests.map((one) => requestRow(one, user)) } };
    if (!id) {
      requests.unshift({
        id: randomUUID(),
        ...body,
        user: user.id,
        registered_us: now(),
        decision: null,
        copies: [],
        received_us: null,
        received_by: null,
      });
      return { status: 201, body: requestRow(requests[0], user) };
    }
    const one = requests.find((other) => other.id === id);
    if (!one) return gone("request");
    if (act === "decision") one.decision = { by: user.display_name, at_us: now(), ...body };
    else Object.assign(one, { received_us: now(), received_by: body.received_by });
    return { status: 200, body: requestRow(one, user) };
  }

  return {
    /** Answers what is asked of this side; nothing where it is another's. */
    answer(method, path, body, user) {
      const [, family, id, act] = path.split("/");
      switch (family) {
        case "permission-sets":
          return user.role === "administrator" ? permissionSets(method, id, body) : admins;
        case "groups":
          return user.role === "administrator" ? groupsAnswer(method, id, body) : admins;
        case "agreements":
          return agreementsAnswer(method, id, act, body, user);
        case "approvals":
          return approvalsAnswer(method, id, body, user);
        case "emergencies":
          return emergenciesAnswer(method, id, body, user);
        case "policies":
          return policiesAnswer(method, body, user);
        case "data-requests":
          return requestsAnswer(method, id, act, body, user);
        default:
          return null;
      }
    },
    setOf: (id) => sets.find((one) => one.id === id)?.set ?? null,
    /** Makes what holds as it was at first, but for this. */
    setRules(change) {
      Object.assign(held().terms, usual, { from_us: held().terms.from_us }, change);
    },
    /** Whether the rules ask for a case, to play from a moment, to listen, or to take out. */
    asksCase(wish) {
      const { terms } = held();
      if (wish === "export") return terms.case_for_export;
      if (wish === "sound") return terms.case_for_sound;
      return now() - wish > terms.case_after_hours * HOUR;
    },
    /** Whether an export waits for a second person. */
    asksApproval({ camera, from_us, to_us, approval }, user) {
      const { terms } = held();
      if (!terms.approve_ordinary && to_us - from_us <= terms.approve_longer_minutes * 60_000_000) return false;
      const one = approvals.find((other) => other.id === approval && other.user === user.id);
      const covers = one && one.camera === camera && one.from_us <= from_us && one.to_us >= to_us;
      return !(covers && one.answer?.until_us > now());
    },
    handedOver(id, copy, user) {
      const one = requests.find((other) => other.id === id);
      one?.copies.push({ ...copy, by: user.display_name, at_us: now() });
    },
  };
}
