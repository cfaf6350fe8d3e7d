package catalog

import (
	"errors"
	"slices"
	"testing"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
)

// polyglot are items of several languages in an English catalog.
var polyglot = []store.Item{
	{ID: "boats", Title: "Sailing boats of the north"},
	{ID: "boote", Title: "Schöne Segelboote und ihre Häuser", Language: "de-AT"},
	{ID: "voiliers", Title: "L’histoire des voiliers nationaux", Language: "fr"},
	{ID: "knigi", Title: "Красивые книги о море", Language: "ru"},
	{ID: "zh", Title: "机器学习入门", Language: "zh-Hans"},
	{ID: "th", Title: "เรือใบแห่งทะเล", Language: "th"},
	{ID: "tag", Title: "1001", Language: "de", Tags: []string{"Reisebücher"}},
}

// asks returns what a reader finds who asks for a text, beyond what everybody gets.
func asks(r *rig, text string) (ids []string) {
	r.t.Helper()
	res, err := r.Recommend(bg, Request{
		Preferences: core.Preferences{{Kind: core.PreferText, Key: text, Weight: core.ProfileOne}}, Explain: true,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, x := range res.Recommendations {
		for _, why := range x.Reasons {
			if why.Kind == "term" && !slices.Contains(ids, x.ID) {
				ids = append(ids, x.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func TestLanguages_AReadersWordsFindItemsOfEach(t *testing.T) {
	r := start(t)
	r.stop()
	p := learn.DefaultPolicy()
	p.Languages = []string{"de", "fr", "ru", "zh", "th"}
	r.policy = &p
	r.open()
	r.run()
	r.put(polyglot...)
	check := func(when string) {
		t.Helper()
		r.settle()
		for _, c := range []struct{ text, want string }{
			{"boat", "boats"}, {"sailed", "boats"},
			{"Segelboot", "boote"}, {"haus", "boote"}, {"Haeusern", "boote"}, {"schoen", "boote"},
			{"voilier", "voiliers"}, {"histoire", "voiliers"}, {"nationale", "voiliers"},
			{"книга", "knigi"}, {"красивой", "knigi"},
			{"学习", "zh"}, {"机器", "zh"}, {"ทะเล", "th"},
			{"Reisebuch", "tag"}, // a label is read in its item's language, too
		} {
			if got := asks(r, c.text); !slices.Equal(got, []string{c.want}) {
				t.Errorf("%s: who asks for %q finds %v, want %s", when, c.text, got, c.want)
			}
		}
	}
	check("at first")
	r.stop()
	r.open()
	r.run()
	check("after a restart")
	r.wantWhole()
	if it, err := r.Item(bg, "boote"); err != nil || it.Language != "de-AT" {
		t.Errorf("the item's language = %q, %v, want de-AT, as it was given", it.Language, err)
	}
}

func TestLanguages_OfThePolicyMayChangeBetweenStarts(t *testing.T) {
	r := start(t)
	r.put(polyglot...)
	r.settle()
	if got := asks(r, "Häuser"); len(got) != 0 {
		t.Errorf("who asks an English catalog for Häuser finds %v, want nothing: its words are read as English", got)
	}
	r.stop()
	p := learn.DefaultPolicy()
	p.Language, p.Languages = "de", []string{"en"} // what has no language of its own is German now
	r.policy = &p
	r.open()
	r.run()
	r.put(store.Item{ID: "new", Title: "Kinderbücher"})
	r.settle()
	for text, want := range map[string]string{"Häuser": "boote", "Kinderbuch": "new"} {
		if got := asks(r, text); !slices.Equal(got, []string{want}) {
			t.Errorf("who asks for %q finds %v, want %s", text, got, want)
		}
	}
}

func TestPut_RefusesWhatIsNoLanguageTag(t *testing.T) {
	r := start(t)
	for tag, good := range map[string]bool{
		"": true, "de": true, "pt_BR": true, "x-own": true, "tlh": true,
		"d": false, "français": false, "de,en": false, "de-": false, "de AT": false,
	} {
		it := book("a", "sea")
		it.Language = tag
		res, err := r.PutItems(bg, []store.Item{it})
		if err != nil {
			t.Fatal(err)
		}
		in, _ := errors.AsType[*InputError](res[0].Err)
		if good != (in == nil) || in != nil && (in.Field != "item.language" || in.Hint == "") {
			t.Errorf("language %q: %v, want a fault of item.language: %v", tag, res[0].Err, !good)
		}
	}
}
