// Package crowd makes readers who do not exist, so that a demo that nobody else visits shows what readers teach each
// other. Their names begin with "simulated-", and whoever starts them says so where their doings show.
//
// Read first: Run, then taste.go (what one of them likes).
//
//	Run: who is next? ─► Library.Recommend ─► choose ─► Library.Record (view, then like or dismiss) ─► a pause
//
// # Decisions
//
//   - They come in through the HTTP API (http.go), as a site's own program would, and are learnt from as anybody is.
//   - One goroutine acts for all of them, one after the other, at most five times a second: their rate is bounded however
//     many there are, and with one seed and one library they do the same things in the same order.
//   - A taste is three tags and the author of one work: works that go together are then read together, which is all that
//     the learner can see of a taste.
package crowd
