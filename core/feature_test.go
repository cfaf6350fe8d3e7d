package core

import (
	"hash/fnv"
	"math"
	"testing"
)

// The vectors are part of the wire format: a hash that changes makes stored records unreadable.
func TestFeature_Vectors(t *testing.T) {
	for _, c := range []struct {
		got, want Feature
	}{
		{ItemFeature(1), Feature(KindItem)<<56 | 1},
		{ItemFeature(math.MaxUint32), Feature(KindItem)<<56 | 0xffff_ffff},
		{TermFeature(""), fold40(KindTerm, "")},
		{TermFeature("sail"), fold40(KindTerm, "sail")},
		{TermFeature("Sail"), fold40(KindTerm, "Sail")}, // stems are not folded again
		{LabelFeature(KindTag, "sea"), fold40(KindTag, "sea")},
		{LabelFeature(KindTag, "  SEA "), fold40(KindTag, "sea")},
		{LabelFeature(KindCategory, "sea"), fold40(KindCategory, "sea")},
		{LabelFeature(KindAuthor, "Georges Méliès"), fold40(KindAuthor, "georges melies")},
		{LabelFeature(KindAttribute, "medium=Book"), fold40(KindAttribute, "medium=book")},
		{TermFeature("sail"), 0x2000018bf803be1},
		{LabelFeature(KindTag, "sea"), 0x30000195c63c376},
	} {
		if c.got != c.want {
			t.Errorf("feature = %#x, want %#x", uint64(c.got), uint64(c.want))
		}
	}
}

// fold40 is FNV-1a by the standard library, folded as RFC draft-eastlake-fnv section 3 says.
func fold40(k Kind, s string) Feature {
	h := fnv.New64a()
	h.Write([]byte(s))
	v := h.Sum64()
	return Feature(k)<<56 | Feature(v>>40^v&(1<<40-1))
}

func TestFeature_TellsItsKindAndItem(t *testing.T) {
	if got := ItemFeature(77).Item(); got != 77 {
		t.Errorf("Item = %d, want 77", got)
	}
	if got := TermFeature("x").Item(); got != 0 {
		t.Errorf("Item of a term = %d, want 0", got)
	}
	names := map[string]bool{}
	for k := KindItem; k <= KindAttribute; k++ {
		if got := LabelFeature(k, "x").Kind(); got != k {
			t.Errorf("Kind = %d, want %d", got, k)
		}
		names[k.String()] = true
	}
	if names["popular"] = true; len(names) != 7 || Kind(0).String() != "popular" {
		t.Errorf("names = %v, want seven different ones", names)
	}
}

func TestSafeURL_Table(t *testing.T) {
	for _, c := range []struct {
		in string
		ok bool
	}{
		{"", true},
		{"https://example.org/a?b=c:d#e", true},
		{"http://example.org", true},
		{"HTTPS://EXAMPLE.ORG/", true},
		{"/local/path", true},
		{"page.html", true},
		{"../up", true},
		{"?q=javascript:x", true},
		{"#javascript:x", true},
		{"a/b:c", true},
		{"//example.org/x", true}, // another host, as https: may be too
		{"https://пример.рф/ключ", true},
		{"javascript:alert(1)", false},
		{"JaVaScRiPt:alert(1)", false},
		{"vbscript:x", false},
		{"data:text/html,<script>", false},
		{"DATA:image/svg+xml;base64,x", false},
		{"blob:https://example.org/1", false},
		{"file:///etc/passwd", false},
		{"mailto:a@b.c", false},
		{"view-source:https://example.org", false},
		{":x", false},
		{"httpsx://y", false},
		{"https\u200b://y", false},
		{"ｊavascript:x", false}, // a full-width j is no letter of a scheme, and no path either
		{"java\tscript:x", false},
		{"java\nscript:x", false},
		{"java\r\nscript:x", false},
		{"java\x00script:x", false},
		{" javascript:x", false},
		{"\x01javascript:x", false},
		{" https://example.org", false},
		{"https://example.org/a b", false},
		{"\thttps://example.org", false},
		{`\\evil.example`, false},
		{`/\evil.example`, false},
		{`https:\\evil.example`, false},
		{"\x7fhttps://x", false},
	} {
		want := ""
		if c.ok {
			want = c.in
		}
		if got := SafeURL(c.in); got != want {
			t.Errorf("SafeURL(%q) = %q, want %q", c.in, got, want)
		}
	}
}

func TestRecord_HasItsFeaturesOnly(t *testing.T) {
	r := &Record{Features: []Weighted{{TermFeature("a"), 1}, {LabelFeature(KindTag, "b"), 0}, {LabelFeature(KindAttribute, "c=d"), 9}}}
	for _, w := range r.Features {
		if !r.Has(w.Feature) || r.Has(w.Feature+1) || r.Has(w.Feature-1) {
			t.Errorf("Has around %#x is wrong", uint64(w.Feature))
		}
	}
	if new(Record).Has(1) {
		t.Error("an empty record has a feature")
	}
}
