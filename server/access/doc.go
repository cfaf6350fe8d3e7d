// Package access says who somebody is and what they may: API keys for servers, signed tokens for readers, and what is
// left for whoever brings neither. It knows no HTTP and no catalog; package server asks it with what a request carried.
//
// Read first: Caller (the answer), Scope; then Keys and Tokens (the two ways to one).
//
//	nigh_ID_SECRET ──► Keys ───┐
//	                           ├──► Caller{Scopes, Reader, Until} ── May(scope), Be(reader, scope)
//	a signed JWT   ──► Tokens ─┘
//
// # Decisions
//
//   - A key is 256 random bits. What is stored is its plain SHA-256: there is nothing to guess, so that a slow hash with
//     salt, as for passwords, would only make each request slow. Hashes are compared in constant time; a key that nobody
//     made is compared too, with nothing.
//   - Its ID is in the key, for people to recognise it by, in lists and logs. It is no secret.
//   - Keys are read from the store anew when they are a second old: one that was revoked opens nothing after that, and no
//     request waits for a disk. If they cannot be read, no key holds.
//   - A token's algorithm chooses the key that it is checked with, and each algorithm has keys of its own: HS256 the
//     secret, EdDSA the public key, RS256 and ES256 those of the JWKS. So a public key is never taken for a secret
//     (alg confusion), and "none" has no key at all.
//   - A token must say when it ends (exp), without leeway; nbf and iat have one of a minute, for clocks that differ.
//     Its sub is the reader. Nothing revokes a token before its end: give it an hour or less, and let pages renew it.
//   - JWKS: read at the start, every hour, and when a token names a key that is not known, but at most every ten
//     seconds. In an outage the keys that are known go on to hold; a start goes on without any.
package access
