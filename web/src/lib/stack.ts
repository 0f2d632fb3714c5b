// Which frames of a stack are the team's own and which are of libraries: at night one reads the first and skips the second.

export interface Part {
  /** Of libraries: folded until somebody asks. */
  library: boolean;
  lines: string[];
  /** A frame may take two lines. */
  frames: number;
}

/** Where package managers and languages put what is not one's own, and how the widespread frameworks name themselves. */
const elsewhere = [
  String.raw`(?:^|[\s"'(/\\])(?:site-packages|dist-packages|node_modules|bower_components|vendor/bundle|bundle/gems|rubygems|gems|pkg/mod|\.cargo/registry|\.rustup|rustc|deps|jspm_packages)[/\\]`,
  '/(?:usr|opt)/(?:local/)?(?:lib|lib64|go/src|share)/',
  String.raw`\bnode:internal\b|\(internal/|<(?:internal|frozen) `,
  String.raw`^\s*(?:at )?(?:[\w.-]+//?)?(?:java|javax|jakarta|jdk|sun|com\.sun|scala|kotlin|kotlinx|clojure|groovy|akka|cats|zio|play\.(?:api|core)|slick|okhttp3|okio|retrofit2|reactor|rx|io\.(?:netty|grpc|vertx|micronaut|quarkus|undertow|opentelemetry)|org\.(?:apache|springframework|hibernate|eclipse|postgresql|http4s|jboss|glassfish|slf4j|mongodb|codehaus|junit|scalatest)|com\.(?:fasterxml|google\.(?:common|inject|protobuf)|zaxxer|mysql|typesafe|twitter\.(?:finagle|util)|netflix)|redis\.clients|ch\.qos|System|Microsoft)\.[\w$.]`,
];
const library = new RegExp(elsewhere.join('|'));

/** Without a frame of its own before it, a line opens one; what is indented behind it belongs to it. */
function opens(line: string): boolean {
  return /^\S/.test(line) || /^\s*(?:at |from |in |File ")/.test(line) || /^\s*[\w$.]+\([\w.]+:\d+\)/.test(line);
}

/**
 * A stack in its parts, in order. `more` are beginnings or pieces of lines that are libraries here. A stack that is all of libraries
 * is one part that is not folded: there is nothing else to read.
 */
export function parts(lines: string[], more: string[] = []): Part[] {
  const found: Part[] = [];
  for (const one of frames(lines)) {
    const text = one.join('\n');
    const foreign = library.test(text) || more.some((piece) => text.includes(piece));
    const last = found.at(-1);
    if (last?.library === foreign) {
      last.lines.push(...one);
      last.frames += 1;
    } else found.push({ library: foreign, lines: one, frames: 1 });
  }
  if (found.every((part) => part.library)) return found.map((part) => ({ ...part, library: false }));
  // One frame takes no more room than the words that it is folded.
  const kept = found.map((part) => (part.frames === 1 ? { ...part, library: false } : part));
  return kept;
}

function frames(lines: string[]): string[][] {
  const found: string[][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last && !opens(line)) last.push(line);
    else found.push([line]);
  }
  return found;
}

/** Pieces as somebody types them: apart by blanks or commas. */
export function pieces(text: string): string[] {
  return text.split(/[\s,]+/).filter((piece) => piece.length > 1);
}
