/**
 * A figure over the last two minutes.
 */
import type { JSX } from "solid-js";
import { CURVE, curveOf, rangeOf, type Point } from "../../model/curve";
import { t } from "../../text";

export function Curve(props: { what: string; points: readonly Point[]; now: number }): JSX.Element {
  const paths = () => curveOf(props.points, props.now);
  const label = () => {
    const range = rangeOf(props.points);
    if (range === null) return `${props.what}: ${t.node.notSeen}`;
    return t.node.lately(props.what, Math.round(range.least * 100), Math.round(range.most * 100));
  };
  return (
    <svg class="curve" viewBox={`0 0 ${CURVE.width} ${CURVE.height}`} preserveAspectRatio="none" role="img" aria-label={label()}>
      <path class="curve-area" d={paths().area} />
      <path class="curve-line" d={paths().line} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
