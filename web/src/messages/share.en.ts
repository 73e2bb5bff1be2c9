// The texts about links to lists in English.

export const shareEnglish = {
  title: (name: string) => `Share \u201c${name}\u201d`,
  explain: "Whoever has the link sees this list and its prices, live, without an account. Nobody sees your notes, alerts or other lists, and nobody can change anything.",
  make: "Make a link",
  link: "Link",
  copy: "Copy",
  copied: "The link is copied",
  notCopied: "The link cannot be copied here: select it and copy it yourself",
  elsewhere: "For a terminal or another screen:",
  json: "JSON",
  text: "Text",
  since: (date: string) => `Shared since ${date}`,
  end: "Stop sharing",
  endAsk: "The link will lead nowhere, for everybody who has it. A new one will be another link.",
  ended: "The list is no longer shared",
  failed: "The link cannot be read",
  again: "Try again",
  close: "Close",
  loading: "Loading",
  readOnly: "Shared with you to read",
  own: "Make a list of your own",
  opening: "The list is loading",
  nowhere: "This link leads nowhere",
  nowhereHint: "Whoever shared the list has stopped, or the address is mistyped.",
  off: "Lists are not shared here",
  offHint: "Whoever runs this server has switched sharing off.",
  empty: "There is nothing on this list yet.",
  live: "Live",
  unreachable: "Not reachable: these are the last prices",
};

export type ShareTexts = typeof shareEnglish;
