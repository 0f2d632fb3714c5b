// What the chart paints itself: columns, estimated parts, gaps. uPlot gives the axes, the scales and the pointer.
import type uPlot from 'uplot';
import { gaps } from '../lib/coverage';
import type { Scheme } from '../lib/palette';
import type { ChartData } from '../lib/series';
import { column } from '../lib/stacking';

export interface Picture {
  data: ChartData;
  colours: string[];
  scheme: Scheme;
  /** The one series that is pointed at; the others step back. */
  highlighted: number | undefined;
  /** Totals of the same buckets at another time: an outline. */
  compared: number[] | undefined;
}

const hatchColour: Record<Scheme, string> = { light: '#b4bfc9', dark: '#465361' };
const inkColour: Record<Scheme, string> = { light: '#566371', dark: '#9aa8b5' };
const outlineColour: Record<Scheme, string> = { light: '#1c2733', dark: '#f2f6f9' };
const panelColour: Record<Scheme, string> = { light: '#ffffff', dark: '#19212a' };

/** Stripes as a canvas pattern, kept by colour and direction. */
const patterns = new Map<string, CanvasPattern>();

function stripes(
  ctx: CanvasRenderingContext2D,
  colour: string,
  period: number,
  line: number,
  rising: boolean,
): CanvasPattern | string {
  const scale = window.devicePixelRatio || 1;
  const size = Math.round(period * scale);
  const key = `${colour} ${size} ${line} ${rising}`;
  const known = patterns.get(key);
  if (known) return known;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = line * scale;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift, rising ? size : 0);
    pen.lineTo(shift + size, rising ? 0 : size);
    pen.stroke();
  }
  const made = ctx.createPattern(tile, 'repeat');
  if (!made) return colour;
  if (patterns.size > 200) patterns.clear();
  patterns.set(key, made);
  return made;
}

/** Left and right edge of a bucket in canvas pixels. */
function edges(u: uPlot, data: ChartData, bucket: number): [number, number] {
  const from = (data.startMs + bucket * data.stepMs) / 1000;
  return [Math.round(u.valToPos(from, 'x', true)), Math.round(u.valToPos(from + data.stepMs / 1000, 'x', true))];
}

export function paint(u: uPlot, picture: Picture): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paintGaps(u, picture);
  paintColumns(u, picture);
  paintCompared(u, picture);
  ctx.restore();
}

/** Steps over the columns' tops: quiet, and on a light edge, so that it is seen upon any colour. */
function paintCompared(u: uPlot, { data, compared, scheme }: Picture): void {
  if (!compared) return;
  const { ctx } = u;
  const scale = window.devicePixelRatio || 1;
  ctx.beginPath();
  compared.forEach((count, bucket) => {
    const [left, right] = edges(u, data, bucket);
    const y = Math.round(u.valToPos(count, 'y', true)) - scale / 2;
    if (bucket === 0) ctx.moveTo(left, y);
    else ctx.lineTo(left, y);
    ctx.lineTo(right, y);
  });
  ctx.lineJoin = 'round';
  ctx.setLineDash([]);
  ctx.globalAlpha = 0.65;
  ctx.strokeStyle = panelColour[scheme];
  ctx.lineWidth = 3.5 * scale;
  ctx.stroke();
  ctx.globalAlpha = 0.8;
  ctx.strokeStyle = outlineColour[scheme];
  ctx.lineWidth = 1.25 * scale;
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** Hatched from the top: as much of the height as was not watched. */
function paintGaps(u: uPlot, { data, scheme }: Picture): void {
  const { ctx, bbox } = u;
  const scale = window.devicePixelRatio || 1;
  ctx.font = `${11.5 * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const gap of gaps(data.coverage)) {
    const [left] = edges(u, data, gap.from);
    const [, right] = edges(u, data, gap.to - 1);
    ctx.fillStyle = stripes(ctx, hatchColour[scheme], 7, 1, true);
    ctx.fillRect(left, bbox.top, right - left, Math.max(2 * scale, Math.round(bbox.height * gap.share)));
    if (gap.share < 1) continue;
    say(u, (left + right) / 2, right - left, scheme);
  }
}

/** In one line where there is room, else in two, else not at all: the tooltip says it too. */
function say({ ctx, bbox }: uPlot, middle: number, room: number, scheme: Scheme): void {
  const scale = window.devicePixelRatio || 1;
  for (const said of [['nobody was watching'], ['nobody was', 'watching']]) {
    const width = Math.max(...said.map((words) => ctx.measureText(words).width));
    if (width + 16 * scale > room) continue;
    const top = bbox.top + 12 * scale;
    ctx.fillStyle = panelColour[scheme];
    ctx.fillRect(middle - width / 2 - 6 * scale, top, width + 12 * scale, (said.length * 15 + 7) * scale);
    ctx.fillStyle = inkColour[scheme];
    for (const [line, words] of said.entries()) ctx.fillText(words, middle, top + (11 + line * 15) * scale);
    return;
  }
}

function paintColumns(u: uPlot, { data, colours, highlighted }: Picture): void {
  const { ctx } = u;
  const scale = window.devicePixelRatio || 1;
  const zero = Math.round(u.valToPos(0, 'y', true));
  data.times.forEach((_, bucket) => {
    const [left, right] = edges(u, data, bucket);
    const width = Math.max(1, right - left - (right - left >= 4 * scale ? Math.round(scale) : 0));
    for (const piece of column(data.series, bucket)) {
      const bottom = piece.from === 0 ? zero : Math.round(u.valToPos(piece.from, 'y', true));
      const solid = Math.round(u.valToPos(piece.solid, 'y', true));
      // One error in a thousand is still seen.
      const top = Math.min(
        Math.round(u.valToPos(piece.to, 'y', true)),
        piece.from === 0 ? zero - Math.round(2 * scale) : bottom,
      );
      const colour = colours[piece.series] ?? '';
      const alpha = highlighted === undefined || highlighted === piece.series ? 1 : 0.22;
      const edge = piece.solid === piece.to ? top : Math.max(solid, top);
      ctx.globalAlpha = alpha;
      ctx.fillStyle = colour;
      if (bottom > edge) ctx.fillRect(left, edge, width, bottom - edge);
      if (edge > top) {
        ctx.globalAlpha = alpha * 0.34;
        ctx.fillRect(left, top, width, edge - top);
        ctx.globalAlpha = alpha;
        ctx.fillStyle = stripes(ctx, colour, 6, 1.4, false);
        ctx.fillRect(left, top, width, edge - top);
      }
    }
  });
  ctx.globalAlpha = 1;
}
