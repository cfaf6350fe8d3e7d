package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/replica"
)

func TestCards_SayWhatWasNeverKeptAndStayBounded(t *testing.T) {
	var w writer
	records := make([]*core.Record, 2000)
	for i := range records {
		records[i] = &core.Record{ID: core.ItemID(fmt.Sprint(i)), Card: core.Card{Title: fmt.Sprint("title ", i), Summary: strings.Repeat(`"x" `, i%300)}}
	}
	rnd := rand.New(rand.NewPCG(1, 4))
	turned := false
	for range 2000 {
		l := &replica.List{About: records[rnd.IntN(5)]}
		for range 5 { // some again and again, others once
			l.Items = append(l.Items, replica.Listed{Record: records[rnd.IntN(1+rnd.IntN(len(records)))]})
		}
		if got, want := string(w.list(l)), string(new(writer).list(l)); got != want {
			t.Fatalf("a list with kept cards =\n%s, want\n%s", got, want)
		}
		turned = turned || w.cards.old != nil
		for _, kept := range []map[*core.Record][]byte{w.cards.young, w.cards.old} {
			sum := 0
			for _, card := range kept {
				sum += len(card)
			}
			if sum > maxCards {
				t.Fatalf("%d bytes of cards are kept, want at most %d", sum, maxCards)
			}
		}
	}
	if !turned {
		t.Error("the cards of a catalog were never too many, want them to be")
	}
}
