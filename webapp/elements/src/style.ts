// Styles of the shadow roots. Colours are the page's own: text is currentColor, lines and quiet text are mixed of it.

export const listStyle = `
:host { display: block; }
:host([hidden]), [hidden] { display: none !important; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:host(:dir(rtl)) { text-align: right; } /* start would be each text's own */
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: var(--nigh-gap, 1rem); grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--nigh-card-width, 15rem)), 1fr)); }
.card { box-sizing: border-box; min-inline-size: 0; display: grid; grid-template-rows: 1fr auto; min-block-size: var(--nigh-card-height, 12.5rem); padding: 1rem; border: 1px solid color-mix(in srgb, currentColor 24%, transparent); border-radius: var(--nigh-radius, 0.5rem); line-height: 1.4; }
a { display: block; overflow: hidden; color: inherit; text-decoration: none; border-radius: 0.25rem; }
a[href]:hover [part=title] { text-decoration: underline; text-underline-offset: 0.15em; }
[part=title], [part=author], [part=summary], [part=why] { unicode-bidi: plaintext; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; overflow: hidden; overflow-wrap: anywhere; }
[part=image] { float: inline-end; inline-size: 4.5rem; block-size: 6rem; object-fit: cover; margin-inline-start: 0.75rem; border-radius: 0.25rem; }
[part=title] { font-weight: 600; font-size: 1.0625em; min-block-size: 1lh; text-wrap: balance; }
[part=author] { -webkit-line-clamp: 1; line-clamp: 1; min-block-size: 1lh; }
[part=author], [part=summary], [part=why] { font-size: 0.875em; color: color-mix(in srgb, currentColor 78%, transparent); }
[part=summary] { margin-block-start: 0.35em; min-block-size: 2lh; }
.foot { display: flex; align-items: end; gap: 0.25rem; margin-block-start: 0.5rem; margin-inline-end: -0.5rem; margin-block-end: -0.5rem; min-block-size: 2.75rem; }
[part=why] { flex: 1; margin: 0; padding-block-end: 0.5rem; }
button { flex: none; min-inline-size: 2.75rem; min-block-size: 2.75rem; padding: 0; border: 0; border-radius: 50%; background: none; color: inherit; font: inherit; cursor: pointer; display: grid; place-items: center; }
button:hover { background: color-mix(in srgb, currentColor 12%, transparent); }
button[aria-pressed=true] svg { fill: currentColor; }
svg { inline-size: 1.25rem; block-size: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
a:focus-visible { outline-offset: -2px; }
[part~=skeleton] { color: transparent; }
[part~=skeleton] :is([part=title], [part=author], [part=summary], [part=why]) { border-radius: 0.25rem; background: color-mix(in srgb, CanvasText 9%, transparent); background-clip: content-box; }
[part~=skeleton] [part=author] { inline-size: 55%; margin-block-start: 0.25em; }
[part~=skeleton] :is(button, img) { visibility: hidden; }
[part~=skeleton].card { border-color: color-mix(in srgb, CanvasText 14%, transparent); }
@media (prefers-reduced-motion: no-preference) {
  [part~=skeleton] { animation: breathe 1.6s ease-in-out infinite alternate; }
  @keyframes breathe { to { opacity: 0.55; } }
}
[part=message] { margin: 0; padding-block: 1rem; }
`

export const whyStyle = `
:host { display: block; }
:host([hidden]), [hidden] { display: none !important; }
p { margin: 0; }
summary { cursor: pointer; min-block-size: 1.5rem; border-radius: 0.25rem; }
summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
ul { margin: 0.35em 0 0; padding-inline-start: 1.25em; }
meter { inline-size: 5em; block-size: 0.7em; margin-inline-start: 0.5em; }
`

export const statusStyle = `
:host { display: block; }
:host([hidden]) { display: none !important; }
p { margin: 0; display: flex; flex-wrap: wrap; align-items: center; gap: 0.5em; }
[part=dot] { inline-size: 0.65em; block-size: 0.65em; border-radius: 50%; border: 2px solid currentColor; box-sizing: border-box; }
:host([data-connection=live]) [part=dot] { background: currentColor; }
:host([data-connection=offline]) [part=dot] { border-style: dotted; }
:host(:dir(rtl)) { text-align: right; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.25em 1em; margin: 0.5em 0 0; }
dd { margin: 0; unicode-bidi: plaintext; font-variant-numeric: tabular-nums; }
`
