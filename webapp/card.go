package webapp

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"unicode/utf8"
)

// funcs are what demo/page.tmpl calls. demo/src/card.ts is the other end of this page: it fills the same markup in the
// browser, and must give the same classes and the same words.
var funcs = template.FuncMap{
	"blank":     func() *Card { return &Card{} },
	"blankPage": func(p Page) Page { return Page{Work: &Card{}, Topics: p.Topics} },
	"byline":    byline,
	"cover":     coverClasses,
	"elsewhere": elsewhere,
	"front":     func(cards []Card) []*Card { return pointers(cards[:min(front, len(cards))]) },
	"genre":     genre,
	"hue":       func(id string) string { return fmt.Sprintf("hue-%d", hash(id)%hues) },
	"kinds":     func() []kind { return kinds },
	"path":      workPath,
	"pointers":  pointers,
	"rest":      func(cards []Card) []*Card { return pointers(cards[min(front, len(cards)):]) },
}

// front is how many cards a list shows: whole rows at 2, 3, 4 and 6 columns. The home page's other items are the rows
// of its "Browse" section.
const front = 12

// hues is the number of colours that covers have: classes hue-0 to hue-23 of demo/src/cover.css; layouts that of their
// arrangements, lay-0 to lay-3.
const (
	hues    = 24
	layouts = 4
)

// kind is a button of "Browse": the category it asks for, "" for all.
type kind struct{ Value, Label string }

var kinds = []kind{
	{"", "Everything"}, {"novel", "Novels"}, {"short stories", "Short stories"}, {"poetry", "Poetry"}, {"play", "Plays"},
	{"children's", "Children’s"}, {"comics", "Comics"}, {"science", "Science"}, {"history", "History"},
	{"memoir", "Memoir"}, {"essays", "Essays"}, {"philosophy", "Philosophy"}, {"travel", "Travel"},
	{"technology", "Technology"}, {"film", "Films"}, {"documentary", "Documentaries"}, {"animation", "Animation"},
}

// coverClasses gives a cover its colour and arrangement, both by the id, its medium, and the size of its title.
func coverClasses(c *Card) string {
	h := hash(c.ID)
	medium := "is-book"
	if c.Attributes["medium"] == "film" {
		medium = "is-film"
	}
	return fmt.Sprintf("hue-%d lay-%d %s %s", h%hues, h/hues%layouts, medium, titleClass(c.Title))
}

// hash is FNV-1a, 32 bit.
func hash(id string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(id); i++ {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}

// titleClass is the size of a cover's title: by its longest word and by its whole length.
func titleClass(title string) string {
	longest, whole := 0, utf8.RuneCountInString(title)
	for _, word := range strings.FieldsFunc(title, func(r rune) bool { return strings.ContainsRune(" -–—/", r) }) {
		longest = max(longest, utf8.RuneCountInString(word))
	}
	switch {
	case longest > 13 || whole > 60:
		return "title-xs"
	case longest > 10 || whole > 36:
		return "title-s"
	case longest > 7 || whole > 18:
		return "title-m"
	}
	return "title-l"
}

func workPath(id string) string { return "/works/" + url.PathEscape(id) }

// elsewhere reports whether a work has an address other than its page here.
func elsewhere(c *Card) bool { return c.URL != "" && c.URL != workPath(c.ID) }

// genre is a work's category and year: "novel, 1851".
func genre(c *Card) string {
	var parts []string
	if len(c.Categories) > 0 {
		parts = append(parts, c.Categories[0])
	}
	if y := c.Attributes["year"]; y != "" {
		parts = append(parts, y)
	}
	return strings.Join(parts, ", ")
}

// byline is a work's author and year: "Herman Melville, 1851".
func byline(c *Card) string {
	var parts []string
	if c.Author != "" {
		parts = append(parts, c.Author)
	}
	if y := c.Attributes["year"]; y != "" {
		parts = append(parts, y)
	}
	return strings.Join(parts, ", ")
}

func pointers(cards []Card) []*Card {
	out := make([]*Card, len(cards))
	for i := range cards {
		out[i] = &cards[i]
	}
	return out
}
