package eval

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// chart is one drawing: bars or lines in a frame, with the numbers written out. Its parts are in units of the SVG.
type chart struct {
	Title string
	W, H  float64
	Rects []rect
	Lines []line
	Texts []label
}

type rect struct {
	X, Y, W, H float64
	Colour     string
	Hint       string // shown when the pointer rests on it
}

type line struct {
	Points string
	Colour string
}

type label struct {
	X, Y   float64
	Anchor string // start, middle, end
	Text   string
	Colour string
}

// Sizes of charts.
const (
	chartWidth = 640
	barHeight  = 22
	nameWidth  = 110
	valueWidth = 70
	plotHeight = 220
	titleSpace = 34
)

// colours of nigh and the baselines, in the order of the table: told apart by people who do not see red and green alike
// (Okabe and Ito, "Color Universal Design").
var colours = []string{"#0072b2", "#999999", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"}

func colour(i int) string { return colours[i%len(colours)] }

const ink = "#333333"

// bars draws one metric, a bar for each way to recommend.
func bars(title string, names []string, values []float64, format string) chart {
	c := chart{Title: title, W: chartWidth, H: titleSpace + float64(len(names))*barHeight + 8}
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	for i, name := range names {
		y := titleSpace + float64(i)*barHeight
		w := 0.0
		if top > 0 {
			w = values[i] / top * (chartWidth - nameWidth - valueWidth)
		}
		text := fmt.Sprintf(format, values[i])
		c.Rects = append(c.Rects, rect{nameWidth, y, w, barHeight - 6, colour(i), name + ": " + text})
		c.Texts = append(c.Texts,
			label{nameWidth - 8, y + 12, "end", name, ink},
			label{nameWidth + w + 6, y + 12, "start", text, ink})
	}
	return c
}

// curves draws a metric over k, a line for each way to recommend.
func curves(title string, names []string, values [][]float64) chart {
	const left, bottom, right = 46, 24, 110
	c := chart{Title: title, W: chartWidth, H: titleSpace + plotHeight + bottom + 12}
	top, longest := 0.0, 1
	for _, v := range values {
		longest = max(longest, len(v))
		for _, y := range v {
			top = max(top, y)
		}
	}
	top = niceAbove(top)
	x := func(k int) float64 { return left + float64(k)/float64(max(longest-1, 1))*(chartWidth-left-right) }
	y := func(v float64) float64 { return titleSpace + plotHeight*(1-v/top) }
	for i := range 5 {
		v := top * float64(i) / 4
		c.Rects = append(c.Rects, rect{left, y(v), chartWidth - left - right, .5, "#cccccc", ""})
		c.Texts = append(c.Texts, label{left - 6, y(v) + 4, "end", strconv.FormatFloat(v, 'g', 3, 64), ink})
	}
	for k := 0; k < longest; k++ {
		if k == 0 || (k+1)%5 == 0 && longest <= 50 || (k+1)%50 == 0 {
			c.Texts = append(c.Texts, label{x(k), titleSpace + plotHeight + 16, "middle", fmt.Sprint(k + 1), ink})
		}
	}
	c.Texts = append(c.Texts, label{left + (chartWidth-left-right)/2, titleSpace + plotHeight + 30, "middle", "length of the list", ink})
	for i, v := range values {
		var p strings.Builder
		for k, f := range v {
			fmt.Fprintf(&p, "%.1f,%.1f ", x(k), y(f))
		}
		c.Lines = append(c.Lines, line{strings.TrimSpace(p.String()), colour(i)})
		ly := titleSpace + 12 + float64(i)*18
		c.Rects = append(c.Rects, rect{chartWidth - right + 12, ly - 9, 10, 10, colour(i), ""})
		c.Texts = append(c.Texts, label{chartWidth - right + 28, ly, "start", names[i], ink})
	}
	return c
}

// histogram draws which share of steps took how long.
func histogram(title string, l *Latency) chart {
	const left, bottom, head = 46, 24, titleSpace + 16
	c := chart{Title: title, W: chartWidth, H: head + plotHeight/2 + bottom}
	most, all, first := 1, 0, len(l.Histogram)
	for i, n := range l.Histogram {
		all += n
		most = max(most, n)
		if n > 0 {
			first = min(first, i)
		}
	}
	columns := l.Histogram[min(first, len(l.Histogram)):]
	w := min(60, float64(chartWidth-left-20)/float64(max(len(columns), 1)))
	every := int(math.Ceil(52 / w)) // a time takes 52 at most
	for i, n := range columns {
		h := float64(n) / float64(most) * plotHeight / 2
		x := left + float64(i)*w
		from := math.Exp2(float64(first + i))
		if first+i == 0 {
			from = 0
		}
		c.Rects = append(c.Rects, rect{x, head + plotHeight/2 - h, w - 3, h, colour(0), fmt.Sprintf("%s from %s", comma(n), micros(from))})
		if share := 100 * float64(n) / float64(all); share >= 1 {
			c.Texts = append(c.Texts, label{x + (w-3)/2, head + plotHeight/2 - h - 4, "middle", fmt.Sprintf("%.0f %%", share), ink})
		}
		if i%every == 0 {
			c.Texts = append(c.Texts, label{x, head + plotHeight/2 + 16, "middle", micros(from), ink})
		}
	}
	return c
}

func micros(us float64) string {
	switch {
	case us >= 1e6:
		return digits(us/1e6) + " s"
	case us >= 1e3:
		return digits(us/1e3) + " ms"
	}
	return digits(us) + " µs"
}

// digits writes v with two digits, those before the point in any case.
func digits(v float64) string {
	if v >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// niceAbove returns a number not below v, of two digits, whose quarters have three at most.
func niceAbove(v float64) float64 {
	if v <= 0 {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10} {
		if m*p >= v {
			return m * p
		}
	}
	return 10 * p
}

// template.Template escapes what stands in it: names of items and files come from strangers.
var svgTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{"one": func(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}}).Parse(`{{define "parts"}}<text x="0" y="18" font-size="15" font-weight="600" fill="#111111">{{.Title}}</text>
{{range .Rects}}<rect x="{{one .X}}" y="{{one .Y}}" width="{{one .W}}" height="{{one .H}}" fill="{{.Colour}}">{{if .Hint}}<title>{{.Hint}}</title>{{end}}</rect>
{{end}}{{range .Lines}}<polyline points="{{.Points}}" fill="none" stroke="{{.Colour}}" stroke-width="2"/>
{{end}}{{range .Texts}}<text x="{{one .X}}" y="{{one .Y}}" text-anchor="{{.Anchor}}" font-size="12" fill="{{.Colour}}">{{.Text}}</text>
{{end}}{{end}}
{{define "svg"}}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{one .W}} {{one .H}}" width="{{one .W}}" height="{{one .H}}" font-family="system-ui, sans-serif" role="img" aria-label="{{.Title}}">
{{template "parts" .}}</svg>{{end}}`))
