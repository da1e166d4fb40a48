// Package web renders the pages that people see: sign-in, choice of a patient, consent, signed out, problems, and the
// demo's first page.
//
// A page is an html/template below pages/ inside one layout; its texts come from the two catalogues below texts/, its
// look from one style sheet below assets/. Everything is embedded, and New refuses to start when a template or a text is
// missing. Pages need no JavaScript. They allow none but assets/passkey.js, where a passkey could be used; people without it
// sign in by password. The Content-Security-Policy has no inline style.
//
//	typed page struct ─→ Renderer ─ language (?lang, cookie, Accept-Language) ─ template ─→ response with its headers
//
// A further group of pages is a Part: the same layout and common texts, with templates, texts and assets of its own, in the
// package below web/ that serves it.
//
// The package holds no rule: what a page says or offers is decided by its caller. It leaves routing, cookies of sessions
// and form tokens to oauth.
package web
