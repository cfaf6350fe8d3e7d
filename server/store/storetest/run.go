package storetest

import (
	"context"
	"testing"

	"nigh/server/store"
)

// Home is a place where a store lives, empty at first. It opens the store that lives there; it is called again, for
// the same store, only after what it gave before was closed.
type Home func() (store.Store, error)

// Run proves all laws on stores of the homes that fresh makes. It calls fresh at least once per law.
func Run(t *testing.T, fresh func(t *testing.T) Home) {
	run(t, fresh, true)
}

// RunVolatile proves all laws but those about opening again, for a store that forgets everything when it is closed.
func RunVolatile(t *testing.T, fresh func(t *testing.T) Home) {
	run(t, fresh, false)
}

// law is one promise of store.Store. reopens says that it needs a home that remembers.
type law struct {
	name    string
	reopens bool
	check   func(t *testing.T, p *place)
}

func laws() []law {
	return []law{
		{"Info_OfANewStoreIsEmpty", false, infoOfNew},
		{"Info_EpochIsRandomWithin53Bits", false, infoEpoch},
		{"Info_CountsAsOfTheLastCommit", false, infoCounts},
		{"Info_NeverGivesANumberTwice", false, infoNumbers},
		{"Info_SurvivesReopening", true, infoReopened},

		{"Item_ComesBackAsItWasGiven", false, itemRoundTrip},
		{"Item_IsNotFoundBeforeAndAfter", false, itemNotFound},
		{"Item_IsReplacedByItsNumber", false, itemReplaced},
		{"Item_IdMayPassToANewNumber", false, itemIDPasses},
		{"Item_IdOfTwoNumbersIsRefused", false, itemIDTwice},
		{"Item_OfABatchThatDeletesItIsNotThere", false, itemDeletedAtOnce},
		{"Items_AscendBytewiseInPages", false, itemsPages},
		{"EachItem_AscendsByNumber", false, eachItemOrder},

		{"EachRecord_AscendsBySeqThenNumber", false, recordOrder},
		{"EachRecord_ShowsTheLastStateOnly", false, recordLast},
		{"EachRecord_KeepsTombstones", false, recordTombstones},
		{"EachNeighbours_ShowsWhatWasLastGiven", false, neighboursLast},
		{"Each_StopsWithTheErrorOfF", false, eachStops},
		{"Each_MayCallTheStore", false, eachNested},

		{"EachEvent_AscendsByRow", false, eventOrder},
		{"EachEvent_KeepsEventsOfDeletedItems", false, eventOutlivesItem},
		{"UserEvents_AreTheLastByTimeThenRow", false, userEvents},
		{"KnownKeys_AreThoseOfCommittedEvents", false, knownKeys},
		{"Commit_RefusesAKnownKey", false, knownKeyRefused},

		{"Preferences_AscendByKindThenKey", false, preferences},
		{"Client_IsWhatTheLastBatchSaid", false, clients},
		{"Commit_AppliesEachOpOnce", false, opsOnce},
		{"Erased_LeaveNothing", false, erased},
		{"Erased_BeforeTheRestOfTheirBatch", false, erasedFirst},
		{"Erased_StayErasedAfterReopening", true, erasedReopened},
		{"Merged_AreTheOtherReaders", false, merged},
		{"Merged_StayMergedAfterReopening", true, mergedReopened},

		{"Keys_ComeBackAsGivenAndStay", false, keys},
		{"Keys_SurviveReopening", true, keysReopened},
		{"Keys_ComeBesideCommits", false, keysBesideCommits},

		{"Commit_IsWholeOrNothing", false, commitWhole},
		{"Commit_WithACancelledContextLeavesNothing", false, commitCancelled},
		{"Commit_OfNothingChangesNothing", false, commitEmpty},
		{"Commit_KeepsNothingOfWhatItWasGiven", false, commitCopies},
		{"Commit_SurvivesReopening", true, commitReopened},
		{"Names_OfAnyBytesComeBack", false, namesRoundTrip},
		{"Readers_SeeWholeCommitsOnly", false, readersSeeWhole},
		{"AgreesWithTheModel", false, agrees},
		{"AgreesWithTheModel_AfterEachReopening", true, agreesReopened},
	}
}

func run(t *testing.T, fresh func(t *testing.T) Home, remembers bool) {
	for _, l := range laws() {
		if l.reopens && !remembers {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			p := &place{t: t, ctx: t.Context(), home: fresh(t), fresh: fresh}
			p.open()
			t.Cleanup(p.close)
			l.check(t, p)
		})
	}
}

// place is a store under test with the home it can be opened from again.
type place struct {
	t     *testing.T
	ctx   context.Context
	home  Home
	fresh func(t *testing.T) Home
	s     store.Store
}

func (p *place) open() {
	p.t.Helper()
	s, err := p.home()
	if err != nil {
		p.t.Fatalf("open: %v", err)
	}
	p.s = s
}

func (p *place) close() {
	p.t.Helper()
	if p.s == nil {
		return
	}
	if err := p.s.Close(); err != nil {
		p.t.Errorf("Close: %v", err)
	}
	p.s = nil
}

func (p *place) reopen() {
	p.t.Helper()
	p.close()
	p.open()
}

// commit commits b, which must succeed.
func (p *place) commit(b store.Batch) {
	p.t.Helper()
	if err := p.s.Commit(p.ctx, b); err != nil {
		p.t.Fatalf("Commit: %v", err)
	}
}

// refuse commits b, which must fail.
func (p *place) refuse(what string, b store.Batch) {
	p.t.Helper()
	if err := p.s.Commit(p.ctx, b); err == nil {
		p.t.Errorf("Commit of %s = nil, want an error", what)
	}
}
