/**
 * Terminal control, as ECMA-48 section 5 writes it, in its 7-bit and 8-bit forms: control strings with their content
 * (a hyperlink's address, a window's title), control sequences, and the single escapes. No class matches what begins
 * another sequence, so that the time stays linear.
 */
const escapeSequences = new RegExp(
  [
    String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0080-\u009f\n]*(?:\u0007|\u001b\\|\u009c)`,
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`,
    String.raw`\u001b[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

/** The flags of England, Scotland and Wales: the only tag sequences that people see; any other tag text is hidden text. */
const tagFlag = String.raw`\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`;
/** Invisible, but wanted in some company: joiners and variation selectors. */
const byContext = String.raw`\u200c\u200d\u180b-\u180d\u180f\ufe00-\ufe0f`;
/** Default_Ignorable_Code_Point (Unicode 5.21) has the bidirectional controls, the zero-width ones, the fillers and the tags. */
const unwanted = new RegExp(
  String.raw`(${tagFlag})|[[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\n\t${byContext}]]`,
  'gv',
);

const joiningScripts = ['Arab', 'Syrc', 'Nkoo', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym']
  .concat(['Sinh', 'Mymr', 'Khmr', 'Tibt'])
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('');
const joiningLetter = String.raw`[[${joiningScripts}]&&\p{L}]`;
const beforeJoiner = String.raw`[[${joiningScripts}]&&[\p{L}\p{M}]]`;
const picture = String.raw`\p{Extended_Pictographic}`;
/** Each alternative is one place where such a character is kept: UTS 51 for emoji, Unicode 9.2, 12 and 13.5 for scripts, 23.4 for variants. */
const misplaced = new RegExp(
  `(?:${[
    String.raw`(?<!${beforeJoiner})\u200c`,
    String.raw`\u200c(?!${joiningLetter})`,
    String.raw`(?<!${beforeJoiner}|${picture}\ufe0f?|\p{Emoji_Modifier})\u200d`,
    String.raw`(?<=${beforeJoiner})\u200d(?!${joiningLetter})`,
    String.raw`(?<=${picture}\ufe0f?|\p{Emoji_Modifier})\u200d(?!${picture})`,
    String.raw`(?<![\u1820-\u18aa])[\u180b-\u180d\u180f]`,
    String.raw`(?<![[\p{Sm}--\p{ASCII}]\p{Script=Hani}\p{Script=Mymr}\p{Script=Phag}])[\ufe00-\ufe02]`,
    String.raw`[\ufe03-\ufe0d]`,
    String.raw`(?<![[\p{Emoji}--\p{ASCII}]${picture}])\ufe0e`,
    String.raw`(?<![\p{Emoji}${picture}])\ufe0f`,
    // A keycap.
    String.raw`(?<=\p{ASCII})\ufe0f(?!\u20e3)`,
  ].join('|')})`,
  'gv',
);

/** Everything that plainText might change, as UTF-16 units and without the cost of properties; lone surrogates are left out. */
const doubtfulUnits =
  String.raw`\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e` +
  String.raw`\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb` +
  // High surrogates of: shorthand and musical format controls, tags and the variation selectors supplement.
  String.raw`\ud82f\ud834\udb40-\udb43`;
/** A class of many ranges is slow, so one of few, with most of all writing in it, goes before it (a sixth of the time). */
const commonUnits = String.raw`\t\n -~\xa0-\xac\xae-\u034e\u0350-\u061b\u2010-\u2027\u202f-\u205f\u2070-\u3163\u3165-\ud7ff`;
const doubtful = new RegExp(`[^${commonUnits}](?<=[${doubtfulUnits}])`);

/**
 * The text as a reader sees it: without terminal control, without control characters (line feeds and tabs stay, other
 * line ends become line feeds), and without invisible characters, which hide instructions from the person and not from the
 * model. Joiners and selectors stay where emoji and scripts need them. Linear in the text; idempotent.
 */
export function plainText(text: string): string {
  if (surelyPlain(text)) return text;
  return text.replace(escapeSequences, '').replace(/\r\n?/g, '\n').replace(unwanted, '$1').replace(misplaced, '');
}

/** Whether plainText leaves the text as it is. */
export function isPlain(text: string): boolean {
  return surelyPlain(text) || plainText(text) === text;
}

/** A fast `true` only where plainText leaves the text, which may be a whole JSON text, as it is; `false` in doubt. */
export function surelyPlain(text: string): boolean {
  return !doubtful.test(text) && text.isWellFormed();
}
