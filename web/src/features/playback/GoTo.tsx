/** A field for a moment; shows the cursor's while nobody types. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Clock3 } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { dateTime, dateTimeShort, parseDateTime } from "../../lib/time";
import type { Deck } from "../../player/deck";
import { narrow } from "../../ui/appearance";
import { toast } from "../../ui/toast";

export function GoTo({ deck }: { deck: Deck }) {
  const { t } = useLingui();
  const [text, setText] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const { cursorUs } = useStore(deck.state);
  const phone = useStore(narrow);
  const typing = text !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const us = parseDateTime(text ?? "", cursorUs);
    if (us === null) {
      toast(t`Nhập giờ như 20/11/2026 06:51:07, hoặc 06:51, hoặc 0651.`);
      return;
    }
    if (us > serverNowUs()) toast(t`Giờ này chưa đến.`);
    deck.seek(us);
    setText(null);
    input.current?.blur();
  };
  useEffect(() => {
    if (typing) input.current?.select();
  }, [typing]);
  return (
    <form className="input goto" onSubmit={submit}>
      <Clock3 className="s" aria-hidden />
      <input
        ref={input}
        aria-label={t`Đến ngày giờ`}
        name="goto"
        value={text ?? (phone ? dateTimeShort(cursorUs) : dateTime(cursorUs))}
        onFocus={() => setText(dateTime(cursorUs))}
        onBlur={() => setText(null)}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") input.current?.blur();
        }}
        inputMode="numeric"
        autoComplete="off"
      />
      {/* The number keys of a phone have no Enter. */}
      {phone && typing && (
        <button type="submit" className="btn s">
          <Trans>Xem</Trans>
        </button>
      )}
    </form>
  );
}
