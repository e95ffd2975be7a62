/** What stands in a tile whose pictures cannot be played in any way: why, and what to do. */
import { Trans, useLingui } from "@lingui/react/macro";
import { RotateCw, VideoOff } from "lucide-react";
import type { Choice } from "../player/choose";
import { TileWords } from "./Tile";
import { nothingWords } from "./waywords";

interface Props {
  choice: Extract<Choice, { kind: "none" }>;
  onAgain: () => void;
  onSub: () => void;
}

export function NothingPlays({ choice, onAgain, onSub }: Props) {
  const { i18n } = useLingui();
  const { title, cure } = nothingWords(choice, i18n);
  return (
    <TileWords icon={<VideoOff />} title={title}>
      <span>{cure}</span>
      <span className="row acts">
        {choice.trySub && (
          <button type="button" className="vbtn" data-act="use-sub" onClick={onSub}>
            <Trans>Dùng luồng phụ</Trans>
          </button>
        )}
        <AgainButton onAgain={onAgain} />
      </span>
    </TileWords>
  );
}

export function AgainButton({ onAgain }: { onAgain: () => void }) {
  return (
    <button type="button" className="vbtn" data-act="again" onClick={onAgain}>
      <RotateCw /> <Trans>Thử lại</Trans>
    </button>
  );
}
