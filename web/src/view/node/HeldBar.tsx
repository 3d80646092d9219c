/**
 * Who holds how much of something, one piece for each attempt, on what renders may have of all there is.
 */
import { Index, type JSX } from "solid-js";
import type { Piece } from "../../model/leases";

const WIDTH = 1000;
/** Between two pieces, so that they are told apart without colours. */
const SEAM = 4;

export function HeldBar(props: {
  label: string;
  pieces: readonly Piece[];
  /** What renders may have, 0 to 1. */
  budget: number;
  tell: (piece: Piece) => string;
}): JSX.Element {
  return (
    <svg class="bar held" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={props.label}>
      <rect class="bar-budget" x="0" y="0" width={Math.min(1, props.budget) * WIDTH} height="10" />
      <Index each={props.pieces}>
        {(piece) => (
          <rect
            class="bar-running"
            data-attempt={piece().attempt}
            x={piece().from * WIDTH}
            y="0"
            width={Math.max(2, (piece().to - piece().from) * WIDTH - SEAM)}
            height="10"
          >
            <title>{props.tell(piece())}</title>
          </rect>
        )}
      </Index>
    </svg>
  );
}
