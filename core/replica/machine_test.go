package replica_test

import (
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

func like(id core.ItemID) replica.Record { return replica.Record{Kind: "like", Item: id} }

func TestMachine_AnswersFromItsOwnCatalogAtOnce(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 2}})
	want(t, "list before any answer", b.ids("you"), "moon boat")
	want(t, "Server", b.lists["you"].Server, false)
	b.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: core.ProfileOne}})
	want(t, "list after a wish", b.ids("you"), "boat sea")
	b.step(like("boat"))
	want(t, "list after a like", b.ids("you"), "sea moon")
	want(t, "history", b.history(), "boat")
	want(t, "Pending", b.status.Pending, 2)
}

func TestMachine_ShowsTheServersListIfItKnowsAsMuch(t *testing.T) {
	recs := func(op, seq uint64, name string, nums ...core.ItemNum) *wire.Recs {
		r := &wire.Recs{Name: name, Epoch: 1, Seq: seq, Learned: 1, Op: op, Policy: policy.Version, Hour: began / 3_600_000}
		for _, n := range nums {
			r.Items = append(r.Items, core.Ranked{Num: n})
		}
		return r
	}
	b := newBench(t).live()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
	ask, _ := first[*wire.Ask](b)
	b.step(like("boat"))
	local := b.ids("you")
	for name, r := range map[string]*wire.Recs{
		"that knows fewer ops": recs(0, 5, ask.Name, 1, 2, 3), "of an older position": recs(1, 4, ask.Name, 1, 2, 3),
		"of a later position": recs(1, 6, ask.Name, 1, 2, 3), "of no question": recs(1, 5, "nobody", 1, 2, 3),
	} {
		if b.frame(r); b.ids("you") != local || b.lists["you"].Server {
			t.Errorf("a list %s is shown: %v", name, b.ids("you"))
		}
	}
	other := recs(1, 5, ask.Name, 1, 2, 3)
	other.Policy++
	if b.frame(other); b.lists["you"].Server {
		t.Error("a list of another policy is shown")
	}
	b.frame(recs(1, 5, ask.Name, 3, 1))
	want(t, "the server's list", b.ids("you"), "moon sea")
	want(t, "Server", b.lists["you"].Server, true)
	want(t, "Compared", b.lists["you"].Compared, true)
	want(t, "Agreed", b.status.Agreed, 1) // nothing here has a score, and the newer number comes first
	b.frame(recs(1, 5, ask.Name, 1, 3))
	want(t, "Differ", b.status.Differ, 1)
	// A second question of the same name: an answer to the first is no answer to it.
	b.step(replica.Ask{Question: replica.Question{Name: "you", Similar: "boat"}})
	if about := b.lists["you"].About; about == nil || about.ID != "boat" {
		t.Errorf("About = %v, want the boat", about)
	}
	b.step(replica.Ask{Question: replica.Question{Name: "nothing", Similar: "not held"}})
	if about := b.lists["nothing"].About; about != nil {
		t.Errorf("About = %v of an item that is not held, want nil", about)
	}
	b.step(replica.Drop{Name: "nothing"})
	b.step(replica.Ask{Question: replica.Question{Name: "you", Similar: "boat"}})
	want(t, "a question replaced", strings.Contains(b.kinds(), "Drop") && strings.Contains(b.kinds(), "Ask"), true)
	if b.frame(recs(1, 5, ask.Name, 3, 1)); b.lists["you"].Server {
		t.Error("the answer to a replaced question is shown")
	}
	b.step(replica.Drop{Name: "you"})
	want(t, "effects of Drop", b.kinds(), "Drop Status")
	b.step(replica.Drop{Name: "you"})
	want(t, "effects of a second Drop", b.kinds(), "")
}

// The server had used weights before it sent them, and does not tell the same list twice.
func TestMachine_ComesRoundToTheServersLastList(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 2}})
	ask, _ := first[*wire.Ask](b)
	heat := func(to uint64, sea, boat, moon core.Heat) {
		w := []core.Weights{{Num: 1, Heat: sea}, {Num: 2, Heat: boat}, {Num: 3, Heat: moon}}
		b.frame(&wire.Delta{From: to - 1, To: to, Learned: to, Weights: [][]byte{wire.AppendAllWeights(nil, w)}})
	}
	b.frame(&wire.Recs{Name: ask.Name, Epoch: 1, Seq: 5, Learned: 2, Policy: policy.Version, Items: []core.Ranked{{Num: 2}, {Num: 3}}})
	want(t, "the server's list", b.ids("you"), "boat moon")
	heat(6, 9, 2, 3)
	want(t, "the machine's list", b.ids("you"), "sea moon")
	want(t, "Server", b.lists["you"].Server, false)
	heat(7, 1, 9, 3)
	want(t, "the machine's list, with the server's weights", b.ids("you"), "boat moon")
	want(t, "Server", b.lists["you"].Server, true)
	heat(8, 9, 2, 3)
	b.step(like("sea")) // of which the server has told nothing yet
	want(t, "the list after a like", b.ids("you"), "moon boat")
	heat(9, 1, 9, 3)
	want(t, "the list of a state the server does not know", b.ids("you"), "boat moon")
	want(t, "Server", b.lists["you"].Server, false)
}

func TestMachine_LaysItsOwnOpsOverTheServersProfile(t *testing.T) {
	b := newBench(t).live()
	b.step(like("boat"))
	b.step(like("moon"))
	b.frame(&wire.Profile{Op: 1, History: core.History{{Item: 2, Strength: 768, At: began}, {Item: 1, Strength: 256, At: began - 5}}})
	want(t, "history: op 2 over what the server knows", b.history(), "moon boat sea")
	b.frame(&wire.Profile{Op: 0})
	want(t, "history after an older profile", b.history(), "moon boat sea")
}

func TestMachine_SendsAgainWhatWasNotAcknowledged(t *testing.T) {
	b := newBench(t).live()
	b.step(like("boat"))
	ops, ok := first[*wire.Ops](b)
	if !ok || ops.First != 1 || len(ops.Ops) != 1 {
		t.Fatalf("effects of a like = %s, want op 1", b.kinds())
	}
	b.step(like("moon"))
	b.step(replica.Closed{Code: 1006})
	b.step(like("sea"))
	b.step(replica.Online{})
	hello := b.open()
	want(t, "hello.LastOp", hello.LastOp, 3)
	want(t, "hello.Seq", hello.Seq, 5)
	b.frame(welcome(5, 1)) // the acknowledgement of op 1 was lost
	ops, _ = first[*wire.Ops](b)
	want(t, "first op sent again", ops.First, 2)
	want(t, "ops sent again", len(ops.Ops), 2)
	want(t, "Pending", b.status.Pending, 2)
	b.frame(&wire.Delta{From: 5, To: 5, Learned: 1})
	b.frame(&wire.Ack{Op: 3})
	want(t, "Pending after the acknowledgement", b.status.Pending, 0)
	want(t, "history", b.history(), "sea moon boat")
}

func TestMachine_NumbersAnewWhatTheServerCannotHold(t *testing.T) {
	b := newBench(t).live()
	for _, id := range []core.ItemID{"boat", "moon", "sea"} {
		b.step(like(id))
	}
	b.frame(&wire.Ack{Op: 2})
	b.step(replica.Closed{Code: 1006}).step(replica.Online{})
	b.open()
	b.frame(welcome(5, 1)) // an older backup: op 2 was acknowledged, and is lost
	ops, _ := first[*wire.Ops](b)
	want(t, "first op", ops.First, 2)
	want(t, "ops", len(ops.Ops), 1)
	want(t, "item", ops.Ops[0].Item, "sea")

	// A page that uses its id again without having kept its numbers.
	again := newBench(t)
	again.step(replica.Start{}).step(like("boat")).step(like("moon"))
	again.open()
	again.frame(welcome(5, 40))
	ops, _ = first[*wire.Ops](again)
	want(t, "first op of a new life", ops.First, 41)
	want(t, "ops of a new life", len(ops.Ops), 2)
}

func TestMachine_TakesBackWhatWasRefused(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
	before := b.ids("you")
	b.step(like("boat"))
	b.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "space", Weight: 256}})
	b.frame(&wire.Ack{Op: 2, Refused: []wire.Refusal{{Op: 1, Reason: "no", Hint: "do not"}, {Op: 2, Reason: "no"}}})
	want(t, "history", b.history(), "")
	want(t, "preferences", len(b.profile.Preferences), 0)
	want(t, "list", b.ids("you"), before)
	want(t, "Error", b.status.Error, "no")
	b.frame(&wire.Ack{Op: 3})
	want(t, "an acknowledgement of what was never sent", b.status.State, replica.Offline)
}

func TestMachine_KeepsWhatItShowsWhenWhatComesIsWrong(t *testing.T) {
	deltas := map[string]wire.Message{
		"a gap":                          &wire.Delta{From: 7, To: 8},
		"a step back":                    &wire.Delta{From: 5, To: 4},
		"a torn record":                  &wire.Delta{From: 5, To: 6, Deleted: []core.ItemNum{1}, Records: [][]byte{{1, 2, 3}}},
		"torn weights":                   &wire.Delta{From: 5, To: 6, Records: [][]byte{item(4, "new", "sea")}, Weights: [][]byte{{9}}},
		"weights of nothing":             &wire.Delta{From: 5, To: 6, Deleted: []core.ItemNum{1}, Weights: [][]byte{wire.AppendAllWeights(nil, []core.Weights{{Num: 9}})}},
		"weights of what it takes":       &wire.Delta{From: 5, To: 6, Deleted: []core.ItemNum{1}, Weights: [][]byte{wire.AppendAllWeights(nil, []core.Weights{{Num: 1}})}},
		"an id of two items":             &wire.Delta{From: 5, To: 6, Deleted: []core.ItemNum{1}, Records: [][]byte{item(9, "boat", "sea")}},
		"a missing chunk":                &wire.Snapshot{Epoch: 1, Seq: 9, After: 1, Last: true},
		"a shelf that was not announced": &wire.Snapshot{Epoch: 1, Seq: 9, Last: true, Shelf: 5},
		"a wrong checksum":               &wire.Snapshot{Epoch: 1, Seq: 9, Last: true, Items: 1, Sum: 1, Records: [][]byte{item(4, "new", "sea")}},
		"a wrong count":                  &wire.Snapshot{Epoch: 1, Seq: 9, Last: true, Items: 2, Sum: sumOf([][]byte{item(4, "new", "sea")}), Records: [][]byte{item(4, "new", "sea")}},
		"a torn snapshot":                &wire.Snapshot{Epoch: 1, Seq: 9, Last: true, Items: 1, Sum: sumOf([][]byte{{9}}), Records: [][]byte{{9}}},
	}
	for name, m := range deltas {
		b := newBench(t).live()
		b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
		shown := b.ids("you")
		b.frame(m)
		want(t, name+": closed with", b.closed, wire.CloseProtocol)
		b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
		want(t, name+": list", b.ids("you"), shown)
		_, seq, _ := b.m.Position()
		want(t, name+": position", seq, 5)
		want(t, name+": waits for the next try", b.status.State == replica.Offline && b.m.Index().Len() == 3, true)
	}
	b := newBench(t).live()
	b.step(replica.Frame{Bytes: []byte{0xc1}})
	want(t, "state after a torn frame", b.status.State, replica.Offline)
	b = newBench(t).live()
	b.step(replica.Frame{Bytes: []byte{0x91, 0x7f}})
	want(t, "state after a frame of a newer server", b.status.State, replica.Live)
}

// What does not fit although nothing is torn means that the catalog held is not the server's: the next hello says so.
func TestMachine_AsksForASnapshotWhenItsCatalogIsSuspect(t *testing.T) {
	b := newBench(t).live()
	b.frame(&wire.Delta{From: 5, To: 6, Weights: [][]byte{wire.AppendAllWeights(nil, []core.Weights{{Num: 9}})}})
	b.step(replica.Online{})
	hello := b.open()
	want(t, "shelves held", len(hello.Shelves), 0)
	b.frame(welcome(6, 0))
	want(t, "state with a suspect catalog", b.status.State, replica.Syncing)
	b.frame(snapshot(6, item(1, "sea", "sea")))
	want(t, "state after the snapshot", b.status.State, replica.Live)
	want(t, "items", b.status.Items, 1)
}

func TestMachine_ShowsASnapshotWholeOrNot(t *testing.T) {
	b := newBench(t).live()
	all := [][]byte{item(1, "sea", "sea"), item(7, "star", "space"), item(8, "reef", "sea")}
	b.frame(&wire.Shelves{Enter: []wire.Shelf{wire.Whole}, Of: 1, Items: 3})
	for i, rec := range all {
		want(t, "items while chunks come", b.status.Items, 3)
		if _, there := b.m.Index().NumOf("star"); there {
			t.Error("an item of half a snapshot is shown")
		}
		b.frame(&wire.Snapshot{
			Epoch: 1, Seq: 9, Learned: 2, Last: i == 2, Items: 3, Sum: sumOf(all), Records: [][]byte{rec},
			Shelf: wire.Whole, After: core.ItemNum(i * 4), UpTo: core.ItemNum(i*4 + 4),
		})
	}
	b.frame(&wire.Delta{From: 5, To: 9})
	if _, there := b.m.Index().NumOf("star"); !there {
		t.Error("the whole snapshot is not shown")
	}
	want(t, "position", b.status.Seq, 9)
}

func TestMachine_ObeysEachReset(t *testing.T) {
	for code, tc := range map[wire.ResetCode]struct {
		state  replica.State
		reason string
	}{
		wire.ResetVersion:       {replica.Offline, "load a newer page"},
		wire.ResetUnknownClient: {replica.Offline, "ops are missing"},
		wire.ResetTooOld:        {replica.Live, "a snapshot follows"},
		wire.ResetEpoch:         {replica.Live, "a snapshot follows"},
		wire.ResetChecksum:      {replica.Live, "a snapshot follows"},
	} {
		b := newBench(t).live()
		b.frame(&wire.Reset{Code: code, Reason: tc.reason})
		want(t, "state after reset", b.status.State, tc.state)
		want(t, "Error", b.status.Error, tc.reason)
		want(t, "items still shown", b.status.Items, 3)
		wake, ok := effect[replica.Wake](b)
		if final := code == wire.ResetVersion; tc.state == replica.Offline && (!ok || final != (wake.AtMillis == 0)) {
			t.Errorf("reset %d: wake = %v, want another try: %v", code, wake, !final)
		}
	}
	// Another epoch: numbers mean other items, so a history of the old ones is void until the profile comes.
	b := newBench(t).live()
	b.frame(&wire.Profile{History: core.History{{Item: 1, Strength: 256, At: 1}}})
	b.newEpoch()
	s := snapshot(2, item(1, "other", "sea"))
	s.Epoch = 2
	b.frame(s)
	want(t, "history in a new epoch", b.history(), "")
}

func TestMachine_TurnsPages(t *testing.T) {
	b := newBench(t).live()
	ask := func(q replica.Question) { q.Name = "you"; b.step(replica.Ask{Question: q}) }
	ask(replica.Question{Limit: 2})
	want(t, "the first page", b.ids("you"), "moon boat")
	next := b.lists["you"].Next
	b.step(like("moon")) // the list moves, the page behind it stays what it is
	ask(replica.Question{Limit: 2, After: next})
	want(t, "the second page", b.ids("you"), "sea")
	want(t, "what follows the last page", b.lists["you"].Next, "")
	if sent, ok := first[*wire.Ask](b); !ok || sent.After != next {
		t.Errorf("the server is asked %+v, want the same page", sent)
	}
	ask(replica.Question{Filter: (&core.Wanted{Not: core.Labels{Tags: []string{"sea"}}, Any: core.Labels{Tags: []string{"space", "sea"}}}).Filter()})
	want(t, "filtered", b.ids("you"), "") // moon is in the history
	b.step(replica.Record{Kind: core.KindForget, Item: "moon"})
	want(t, "filtered", b.ids("you"), "moon")
	// The catalog is made anew: its numbers mean other items, and the page is none of its pages.
	ask(replica.Question{Limit: 2, After: next})
	want(t, "no fault so far", b.status.Error, "")
	b.newEpoch()
	anew := snapshot(9, item(1, "stone", "sea"), item(2, "tree", "sea"))
	anew.Epoch = 2
	b.frame(anew)
	want(t, "a page of the former catalog", b.ids("you"), "")
	want(t, "the reader is told", strings.Contains(b.status.Error, "begin with the first one"), true)
	ask(replica.Question{Limit: 2})
	want(t, "the first page of the new one", b.ids("you"), "tree stone")
}

func TestMachine_ShownChangesNoList(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Ask{Question: replica.Question{Name: "you", Limit: 3}})
	ask, _ := first[*wire.Ask](b)
	b.step(like("boat"))
	local := b.ids("you")
	b.step(replica.Record{Kind: core.KindShown, Item: "sea"})
	want(t, "effects of what was shown", b.kinds(), "Ops Status")
	want(t, "history", b.history(), "boat")
	want(t, "list", b.ids("you"), local)
	// The server's list from before what was shown is of the same state.
	b.frame(&wire.Ack{Op: 1})
	b.frame(&wire.Recs{Name: ask.Name, Epoch: 1, Seq: 5, Learned: 1, Op: 1, Policy: policy.Version, Hour: began / 3_600_000,
		Items: []core.Ranked{{Num: 3}, {Num: 1}}})
	want(t, "Server", b.lists["you"].Server, true)
	want(t, "Agreed", b.status.Agreed, 1)
	b.frame(&wire.Ack{Op: 2})
	want(t, "Pending", b.status.Pending, 0)
	want(t, "history when all is decided", b.history(), "boat")
}

// What is said to be followed by more goes with it, in one frame; whether the last of them is taken or not.
func TestMachine_SendsWhatComesTogetherInOneFrame(t *testing.T) {
	for name, last := range map[string]replica.Input{
		"an event":                   replica.Record{Kind: "shown", Item: "moon"},
		"a wish":                     replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: core.ProfileOne}},
		"an event that is refused":   replica.Record{Kind: "shown"},
		"an event that was heard of": replica.Record{Kind: "shown", Item: "sea", Origin: replica.Origin{Tab: "t", Number: 1}},
	} {
		b := newBench(t).live()
		for i, id := range []core.ItemID{"sea", "boat"} {
			b.step(replica.Record{Kind: "shown", Item: id, Origin: replica.Origin{Tab: "t", Number: uint64(i + 1)}, More: true})
			if _, ok := first[*wire.Ops](b); ok {
				t.Fatalf("%s: an op was sent before the last came", name)
			}
			if _, ok := effect[replica.Recorded](b); !ok {
				t.Errorf("%s: op %d is not recorded at once", name, i+1)
			}
		}
		b.step(last)
		ops, ok := first[*wire.Ops](b)
		if !ok || ops.First != 1 || len(ops.Ops) < 2 {
			t.Errorf("%s: frame = %+v, want all ops from 1 on", name, ops)
		}
		want(t, name+": sent", b.status.Sent, b.status.Pending)
	}
}

func TestMachine_ABareListIsTheSameWithoutReasons(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Prefer{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: core.ProfileOne}})
	b.step(replica.Ask{Question: replica.Question{Name: "whole"}})
	b.step(replica.Ask{Question: replica.Question{Name: "bare", Bare: true}})
	check := func() {
		t.Helper()
		bare, whole := b.lists["bare"], b.lists["whole"]
		want(t, "Bare", bare.Bare && !whole.Bare, true)
		want(t, "a bare list", b.ids("bare"), b.ids("whole"))
		for i, item := range bare.Items {
			if same := whole.Items[i]; item.Reasons != nil || item.Score != same.Score || len(same.Reasons) == 0 && same.Score > 0 {
				t.Errorf("place %d = %+v, want %+v without reasons", i, item, same)
			}
		}
	}
	check()
	want(t, "the score of the first is not 0", b.lists["bare"].Items[0].Score > 0, true)
	b.step(like("boat"))
	check()
	b.step(replica.Ask{Question: replica.Question{Name: "whole", Similar: "boat"}})
	b.step(replica.Ask{Question: replica.Question{Name: "bare", Similar: "boat", Bare: true}})
	check()
	want(t, "About only where it is whole", b.lists["whole"].About != nil && b.lists["bare"].About == nil, true)
}
