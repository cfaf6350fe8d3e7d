package catalog

import "time"

// Part is a part of the owner's work, for Options.Timing.
type Part string

// The parts. What a call waits for is wait + stage + commit + remember; the others are done between calls, and each of
// them is what the next call may have to wait for.
const (
	PartWait     Part = "wait"     // a call, until the owner took it
	PartStage    Part = "stage"    // reading what calls need and deciding what is written
	PartCommit   Part = "commit"   // the store's commit of calls
	PartRemember Part = "remember" // bringing memory up to what was committed
	PartLearn    Part = "learn"    // a step of new weights
	PartRefine   Part = "refine"   // a step of refinement
	PartRelate   Part = "relate"   // a step of finding neighbours
	PartFlush    Part = "flush"    // committing and sending a portion of learned weights
	PartPublish  Part = "publish"  // both sides of the index, within the others
)

// begin returns the time where somebody asks for it, for took.
func (c *Catalog) begin() (t time.Time) {
	if c.timing != nil {
		t = time.Now()
	}
	return t
}

// took tells how long a part took since begin.
func (c *Catalog) took(p Part, began time.Time) {
	if !began.IsZero() {
		c.timing(p, time.Since(began))
	}
}
