import { encode } from 'uqr';

/** What the page of a device code says, in the user's language. */
export interface DeviceCodePage {
  readonly language: string;
  readonly nonce: string;
  readonly title: string;
  readonly intro: string;
  readonly codeLabel: string;
  readonly code: string;
  readonly addressLabel: string;
  readonly address: string;
  readonly scan: string;
  /** What the QR code holds, and how it is read out. */
  readonly qrAddress: string;
  readonly qrLabel: string;
  readonly open: string;
  readonly cancel: string;
  readonly caution: string;
}

/** What the page sends. `ready`: it was drawn, or drawn again after it had been hidden. */
export type FromPage = 'ready' | 'open' | 'cancel';

/** What the page is told: each text replaces the one before. */
export interface ToPage {
  readonly left?: string;
  readonly note?: string;
  /** The code is of no use any more. */
  readonly over?: boolean;
}

const STYLE = `
body { margin: 0; padding: 1.5rem; font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); color: var(--vscode-foreground); }
main { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; align-items: flex-start; max-width: 48rem; margin: 0 auto; }
.steps { flex: 1 1 18rem; min-width: 0; }
.scan { flex: 0 1 11rem; min-width: 8rem; }
h1 { margin: 0 0 .75rem; font-size: 1.5em; font-weight: 600; line-height: 1.3; }
p { margin: 0 0 .75rem; line-height: 1.5; overflow-wrap: anywhere; }
.code { display: inline-block; margin: .25rem 0 1rem; padding: .35em .6em; font: 600 clamp(1.5rem, 7vw, 2.5rem)/1.2 var(--vscode-editor-font-family, monospace); letter-spacing: .08em; background: var(--vscode-textCodeBlock-background); border: 1px solid var(--vscode-contrastBorder, transparent); border-radius: 4px; }
.code [aria-hidden] { user-select: all; }
.soft { color: var(--vscode-descriptionForeground); }
.address { user-select: all; font-family: var(--vscode-editor-font-family, monospace); }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; }
button { padding: .45em 1em; font: inherit; color: var(--vscode-button-foreground); background: var(--vscode-button-background); border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); border-radius: 2px; cursor: pointer; }
button:hover { background: var(--vscode-button-hoverBackground); }
button.second { color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground); border-color: var(--vscode-button-secondaryBorder, var(--vscode-contrastBorder, transparent)); }
button.second:hover { background: var(--vscode-button-secondaryHoverBackground); }
button:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
button:disabled { opacity: .5; cursor: default; }
svg { display: block; width: 100%; height: auto; forced-color-adjust: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; user-select: none; }
`;

const SCRIPT = `
const editor = acquireVsCodeApi();
const byId = (id) => document.getElementById(id);
for (const id of ['open', 'cancel']) byId(id).addEventListener('click', () => editor.postMessage(id));
addEventListener('message', ({ data }) => {
  if (data.left !== undefined) byId('left').textContent = data.left;
  if (data.note !== undefined) byId('note').textContent = data.note;
  if (data.over) byId('open').disabled = true;
});
byId('open').focus();
editor.postMessage('ready');
`;

/** A page that loads nothing and sends nothing but a word to the extension. The code is spelled for those who listen to it. */
export function deviceCodePage(page: DeviceCodePage): string {
  const text = Object.fromEntries(Object.entries(page).map(([name, value]) => [name, escape(String(value))])) as {
    [K in keyof DeviceCodePage]: string;
  };
  const spelled = escape(Array.from(page.code).join(' '));
  const csp = `default-src 'none'; style-src 'nonce-${text.nonce}'; script-src 'nonce-${text.nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="${text.language}">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}"><meta name="viewport" content="width=device-width"><title>${text.title}</title><style nonce="${text.nonce}">${STYLE}</style></head>
<body><main>
<div class="steps">
<h1>${text.title}</h1>
<p>${text.intro}</p>
<p class="code"><span aria-hidden="true">${text.code}</span><span class="unseen">${text.codeLabel}: ${spelled}</span></p>
<p><span class="soft">${text.addressLabel}:</span><br><span class="address">${text.address}</span></p>
<div class="buttons"><button id="open" type="button">${text.open}</button><button id="cancel" type="button" class="second">${text.cancel}</button></div>
<p id="note" role="status"></p>
<p class="soft"><span id="left" role="timer"></span></p>
<p class="soft">${text.caution}</p>
</div>
${scan(page.qrAddress, text)}
</main><script nonce="${text.nonce}">${SCRIPT}</script></body></html>`;
}

/** Nothing where the address is longer than a QR code can hold. */
function scan(address: string, text: { readonly scan: string; readonly qrLabel: string }): string {
  try {
    return `<div class="scan"><p class="soft">${text.scan}</p>${qrCode(address, text.qrLabel)}</div>`;
  } catch {
    return '';
  }
}

/** Dark on light in every theme: many readers know nothing else. The quiet zone is the standard's four modules. */
function qrCode(address: string, label: string): string {
  const { data, size } = encode(address, { ecc: 'M', border: 4 });
  const modules = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return `<svg role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${modules.join('')}"/></svg>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
