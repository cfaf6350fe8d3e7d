package catalog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/server/store"
)

// checkItem returns an *InputError for the first thing about an item that cannot be stored.
func checkItem(it *store.Item) error {
	if err := checkName("item.id", it.ID, core.MaxIDBytes); err != nil {
		return err
	}
	texts := []struct {
		field, text string
		most        int
	}{
		{"item.title", it.Title, MaxTitleBytes},
		{"item.description", it.Description, MaxDescriptionBytes},
		{"item.author", it.Author, MaxLabelBytes},
		{"item.url", it.URL, MaxURLBytes},
		{"item.image", it.Image, MaxURLBytes},
	}
	for _, t := range texts {
		if err := checkText(t.field, t.text, t.most); err != nil {
			return err
		}
	}
	if _, ok := text.ParseLanguage(it.Language); !ok {
		return &InputError{"item.language", fmt.Sprintf("is %.70q", it.Language), "use a BCP 47 tag such as de or pt-BR, or leave it out"}
	}
	for _, l := range []struct {
		field string
		all   []string
	}{{"item.tags", it.Tags}, {"item.categories", it.Categories}} {
		if len(l.all) > MaxLabels {
			return &InputError{l.field, fmt.Sprintf("has %d entries", len(l.all)), fmt.Sprintf("use at most %d", MaxLabels)}
		}
		for _, s := range l.all {
			if err := checkText(l.field, s, MaxLabelBytes); err != nil {
				return err
			}
		}
	}
	if len(it.Attributes) > MaxLabels {
		return &InputError{"item.attributes", fmt.Sprintf("has %d entries", len(it.Attributes)),
			fmt.Sprintf("use at most %d", MaxLabels)}
	}
	for name, v := range it.Attributes {
		s, ok := attributeText(v)
		if !ok {
			return &InputError{"item.attributes." + name, "is not a string, a number or a boolean", "keep attributes flat"}
		}
		if err := checkText("item.attributes", name+s, MaxLabelBytes); err != nil {
			return err
		}
	}
	if err := it.Vector.Check(MaxVector); err != nil {
		return vectorError(err)
	}
	if it.Pinned < 0 || it.Pinned > core.MaxPinned {
		return &InputError{"item.pinned", fmt.Sprintf("is %d", it.Pinned),
			fmt.Sprintf("use a place from 1 to %d, or 0 for none", core.MaxPinned)}
	}
	if it.Boost != 0 && !(it.Boost >= 1/maxBoost && it.Boost <= maxBoost) {
		return &InputError{"item.boost", fmt.Sprintf("is %v", it.Boost),
			fmt.Sprintf("use a factor from %v to %v; 1 or 0 for none", 1/maxBoost, maxBoost)}
	}
	if it.PublishedAt != nil && it.ExpiresAt != nil && !it.PublishedAt.Before(*it.ExpiresAt) {
		return &InputError{"item.expires_at", "is not after published_at", "leave it out, or set it later"}
	}
	return nil
}

// checkName is for ids and the like: not empty, bounded, and without control characters, which no log or URL shows.
func checkName(field, s string, most int) error {
	if s == "" {
		return &InputError{field, "is empty", "give it a name"}
	}
	if err := checkText(field, s, most); err != nil {
		return err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &InputError{field, "has control characters", "use printable ones"}
	}
	return nil
}

func checkText(field, s string, most int) error {
	if len(s) > most {
		return &InputError{field, fmt.Sprintf("is %d bytes long", len(s)), fmt.Sprintf("use at most %d", most)}
	}
	if !utf8.ValidString(s) {
		return &InputError{field, "is not UTF-8", "send it as UTF-8"}
	}
	return nil
}

// attributeText is an attribute's value as filters and pages see it.
func attributeText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case fmt.Stringer: // json.Number
		return v.String(), true
	}
	return "", false
}

// summaryBytes is how much of a description a card shows.
const summaryBytes = 280

// cardOf makes what lists show of an item.
func cardOf(it *store.Item) core.Card {
	c := core.Card{
		Title:      it.Title,
		Summary:    summary(it.Description),
		URL:        core.SafeURL(it.URL),
		Image:      core.SafeURL(it.Image),
		Author:     it.Author,
		Tags:       it.Tags,
		Categories: it.Categories,
	}
	for name, v := range it.Attributes {
		s, _ := attributeText(v)
		c.Attributes = append(c.Attributes, core.Attribute{Name: name, Value: s})
	}
	slices.SortFunc(c.Attributes, func(a, b core.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// summary is the beginning of a text, its white space collapsed, cut at a word.
func summary(s string) string {
	if len(s) > 16*summaryBytes {
		s = strings.ToValidUTF8(s[:16*summaryBytes], "")
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= summaryBytes {
		return s
	}
	cut := strings.ToValidUTF8(s[:summaryBytes], "")
	if i := strings.LastIndexByte(cut, ' '); i > summaryBytes/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.") + "…"
}

func textOf(it *store.Item, card *core.Card) learn.Text {
	return learn.Text{
		Title: it.Title, Description: it.Description, Author: it.Author, Language: it.Language,
		Tags: it.Tags, Categories: it.Categories, Attributes: card.Attributes, Vector: it.Vector,
	}
}

// hours of an item's life as records hold them. An item that is published already needs no first hour.
func fromUntil(it *store.Item, now time.Time) (from, until core.Hour) {
	if it.PublishedAt != nil && it.PublishedAt.After(now) {
		from = hourOf(it.PublishedAt.Add(time.Hour - time.Second))
	}
	if it.ExpiresAt != nil {
		until = max(1, hourOf(*it.ExpiresAt))
	}
	return from, until
}

// maxBoost is core.MaxBoost as a factor.
const maxBoost = 8.0

func boostOf(it *store.Item) core.Boost {
	return core.QuantizeBoost(int64(math.Round(it.Boost * core.One)))
}

func hourOf(t time.Time) core.Hour { return core.Hour(max(0, t.Unix()/3600)) }

// futureTolerance is how far a reader's clock may run ahead; what is later still counts as now.
const futureTolerance = 5 * time.Minute

// earliest is the oldest time that an event may have happened at.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// checkEvent returns an *InputError for the first thing about an event that cannot be kept.
func checkEvent(e *store.Event, p *core.Policy) error {
	if err := checkName("event.user", e.User, MaxUserBytes); err != nil {
		return err
	}
	if err := checkName("event.item", e.Item, core.MaxIDBytes); err != nil {
		return err
	}
	if err := checkText("event.kind", e.Kind, MaxKindBytes); err != nil {
		return err
	}
	if _, ok := p.Kind(e.Kind); !ok && e.Kind != core.KindForget && !p.Idle(e.Kind) {
		var names []string
		for _, k := range p.Kinds {
			names = append(names, k.Name)
		}
		reason := "is empty"
		if e.Kind != "" {
			reason = fmt.Sprintf("is %q, which the policy does not know", e.Kind)
		}
		return &InputError{"event.kind", reason, "use one of " + strings.Join(names, ", ") + ", or add it to the policy"}
	}
	if err := checkText("event.id", e.ID, MaxKeyBytes); err != nil {
		return err
	}
	if math.IsNaN(e.Value) || math.Abs(e.Value) > 1e12 {
		return &InputError{"event.value", "is not a number within ±10^12", "send the rating or amount itself"}
	}
	if !e.At.IsZero() && e.At.Before(earliest) {
		return &InputError{"event.at", "lies before 1990", "send when it happened, in RFC 3339; nigh import takes Unix seconds too"}
	}
	return nil
}

// eventTime is when an event counts as having happened.
func eventTime(at, now time.Time) time.Time {
	if at.IsZero() || at.After(now.Add(futureTolerance)) {
		return now
	}
	return at
}
