package snowball_test

import (
	"testing"

	upstream "github.com/blevesearch/snowballstem"
	upstreamEnglish "github.com/blevesearch/snowballstem/english"

	"nigh/core/text/snowball"
	"nigh/core/text/snowball/english"
)

var words = []string{
	"", "a", "sailing", "boats", "reader's", "'", "''s'", "yes", "sky", "dying", "news", "succeed", "generously", "communism",
	"relational", "hopping", "hoping", "ponies", "caresses", "national", "ably", "ss", "yyy", "Yay", "été", "\xff\xfe", "naïve's",
}

func FuzzStem_AgreesWithTheLibrary(f *testing.F) {
	for _, w := range words {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, w string) {
		ours, theirs := snowball.NewEnv(w), upstream.NewEnv(w)
		gotOK, wantOK := english.Stem(ours), upstreamEnglish.Stem(theirs)
		if ours.Current() != theirs.Current() || gotOK != wantOK {
			t.Errorf("Stem(%q) = %q, %v, want %q, %v", w, ours.Current(), gotOK, theirs.Current(), wantOK)
		}
	})
}
