package ingest

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// templateCode is what Jekyll (Liquid) and Hugo (shortcodes) put between words; a block of code in tags goes whole.
var templateCode = regexp.MustCompile(`(?s)\{%-?\s*highlight\b.*?\{%-?\s*endhighlight\s*-?%\}|\{\{<\s*highlight\b.*?\{\{<\s*/\s*highlight\s*>\}\}|\{%.*?%\}|\{\{.*?\}\}`)

// markdownText returns the first heading of a text and its words, paragraphs one empty line apart. Blocks of code are
// left out: their words say little of what the text is about.
func markdownText(source []byte) (heading, words string) {
	source = templateCode.ReplaceAllLiteral(source, []byte(" "))
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.Footnote, extension.DefinitionList))
	doc := md.Parser().Parse(text.NewReader(source))

	var b strings.Builder
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // f returns no error
		switch n := n.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.HTMLBlock:
			if entering {
				b.WriteString("\n\n" + plainText(htmlOf(n, source)) + "\n\n")
			}
			return ast.WalkSkipChildren, nil
		case *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.Heading:
			if !entering && heading == "" {
				heading = oneLine(headingText(n, source))
			}
		case *ast.Text:
			if entering {
				b.WriteString(textOf(n, source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
			return ast.WalkContinue, nil
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(source))
			}
		case *extast.TableCell:
			b.WriteByte(' ')
			return ast.WalkContinue, nil
		}
		if n.Type() == ast.TypeBlock {
			b.WriteString("\n\n")
		}
		return ast.WalkContinue, nil
	})
	return heading, tidyText(b.String())
}

func headingText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.WriteString(textOf(t, source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// textOf returns the words of a text, escapes and entities read, except in code, where they are what they look like.
func textOf(n *ast.Text, source []byte) string {
	value := n.Segment.Value(source)
	if n.Parent() != nil && n.Parent().Kind() == ast.KindCodeSpan || n.IsRaw() {
		return string(value)
	}
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value))))
}

func htmlOf(n *ast.HTMLBlock, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(source))
	}
	if n.HasClosure() {
		b.Write(n.ClosureLine.Value(source))
	}
	return b.String()
}
