package catalog

import "time"

// trouble is a row of commits that failed: on a full disk each call does, thousands a second, and the log may lie on it.
type trouble struct {
	commits int // that failed since the last one that did not
	untold  int // of these, since the log was told
	told    time.Time
}

// tellEvery is how often the log is told of commits that go on failing.
const tellEvery = 10 * time.Second

// commitFailed notes that a commit of calls failed, and now and then says so.
func (c *Catalog) commitFailed(err error) {
	t := &c.owner.trouble
	t.commits++
	t.untold++
	if now := c.now(); t.commits == 1 || now.Sub(t.told) >= tellEvery {
		c.log.Error("a commit failed; nothing of it was kept, and its callers know", "error", err, "commits", t.untold)
		t.untold, t.told = 0, now
	}
}

// committed notes that a commit of calls did not fail.
func (c *Catalog) committed() {
	if t := &c.owner.trouble; t.commits > 0 {
		c.log.Info("commits succeed again", "failed", t.commits)
		*t = trouble{}
	}
}
