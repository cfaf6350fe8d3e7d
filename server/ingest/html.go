package ingest

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText returns the words of a piece of HTML: tags off, entities read, blocks as paragraphs. What only looks like
// markup (a title such as "Using <T> in Go", "a < b") stays as it is.
func plainText(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return tidyText(s)
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(0) // the text is in memory already, and bounded
	hidden := 0    // depth of elements whose text no one reads
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return tidyText(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case tag == 0 && !strings.ContainsAny(string(name), "-:"):
				if hidden == 0 {
					b.WriteString(raw)
				}
			case tag == atom.Script || tag == atom.Style || tag == atom.Template || tag == atom.Noscript || tag == atom.Svg || tag == atom.Iframe:
				switch {
				case kind == html.StartTagToken:
					hidden++
				case kind == html.EndTagToken && hidden > 0:
					hidden--
				}
			case tag == atom.Br:
				b.WriteByte('\n')
			case tag == atom.Td || tag == atom.Th:
				b.WriteByte(' ')
			case isBlock(tag):
				b.WriteString("\n\n")
			}
		}
	}
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.Blockquote, atom.Pre, atom.Figure,
		atom.Figcaption, atom.Table, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside,
		atom.Nav, atom.Hr, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Body, atom.Html, atom.Head:
		return true
	}
	return false
}

// tidyText joins the words of each line by one blank, lines of a paragraph stay, and paragraphs are one empty line
// apart.
func tidyText(s string) string {
	var b strings.Builder
	gap := 0
	for line := range strings.Lines(s) {
		words := strings.Fields(line)
		if len(words) == 0 {
			gap = 2
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n"[:max(gap, 1)])
		}
		gap = 0
		for i, w := range words {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
