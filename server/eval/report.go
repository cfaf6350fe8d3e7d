package eval

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// page is what the report's templates show.
type page struct {
	*Result
	Title, About string
	Table        string
	PolicyJSON   string
	Charts       []chart
}

// HTML writes a page of its own, without script and without anything to load: charts, the table and the policy.
func (r *Result) HTML(w io.Writer) error {
	p, err := r.page()
	if err != nil {
		return err
	}
	return pageTemplate.ExecuteTemplate(w, "page", p)
}

// SVG writes the charts one below the other as one picture.
func (r *Result) SVG(w io.Writer) error {
	p, err := r.page()
	if err != nil {
		return err
	}
	const gap, head = 24, 48
	type placed struct {
		chart
		Y float64
	}
	var all []placed
	y := float64(head)
	for _, c := range p.Charts {
		all = append(all, placed{c, y})
		y += c.H + gap
	}
	return pageTemplate.ExecuteTemplate(w, "picture", map[string]any{
		"Title": p.Title, "About": p.About, "Charts": all, "W": float64(chartWidth + 40), "H": y,
	})
}

func (r *Result) page() (*page, error) {
	var table strings.Builder
	if err := r.Table(&table); err != nil {
		return nil, err
	}
	policy, err := indentJSON(r.Policy)
	if err != nil {
		return nil, err
	}
	about := fmt.Sprintf("%s %s; %s items, %s events learnt", comma(r.N), r.Unit, comma(r.Data.Items), comma(r.Data.Events))
	if s := r.settings(); s != "" {
		about += "; " + s
	}
	return &page{
		Result: r, Title: "nigh eval " + r.Protocol, About: about,
		Table: table.String(), PolicyJSON: policy, Charts: r.charts(),
	}, nil
}

// charts are a bar per way to recommend for each metric, metrics over k, what was recommended, and how long it took.
func (r *Result) charts() []chart {
	all := append([]Outcome{r.Outcome}, r.Baselines...)
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	values := func(of func(*Outcome) float64) []float64 {
		out := make([]float64, len(all))
		for i := range all {
			out[i] = of(&all[i])
		}
		return out
	}
	var out []chart
	for _, m := range metricNames(r.Metrics) {
		out = append(out, bars(m, names, values(func(o *Outcome) float64 { return o.Metrics[m] }), "%.4f"))
	}
	for _, m := range metricNames(r.Cold) {
		out = append(out, bars(m+", cold targets alone", names, values(func(o *Outcome) float64 { return o.Cold[m] }), "%.4f"))
	}
	for _, family := range metricOrder {
		if r.Curves[family] == nil {
			continue
		}
		lines := make([][]float64, len(all))
		for i := range all {
			lines[i] = all[i].Curves[family]
		}
		out = append(out, curves(family+" by length of the list", names, lines))
	}
	if r.Exposure != nil {
		out = append(out,
			bars("Coverage: share of the catalog that was recommended (%)", names, values(func(o *Outcome) float64 { return 100 * o.Exposure.Coverage }), "%.1f"),
			bars("Popularity: places for the most popular tenth of the items (%)",
				append(slices.Clone(names), "readers' wishes"),
				append(values(func(o *Outcome) float64 { return 100 * o.Exposure.Head }), 100*r.Exposure.HeadOfTargets), "%.1f"))
	}
	if r.Rank != nil {
		out = append(out, histogram(fmt.Sprintf("Time of a ranking: median %s, p99 %s", micros(r.Rank.P50), micros(r.Rank.P99)), r.Rank))
	}
	if r.Learn != nil {
		out = append(out, histogram(fmt.Sprintf("Time to learn an event: median %s, p99 %s", micros(r.Learn.P50), micros(r.Learn.P99)), r.Learn))
	}
	return out
}

var pageTemplate = template.Must(template.Must(svgTemplate.Clone()).Parse(`
{{define "page"}}<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #111; background: #fff }
svg { max-width: 100%; height: auto; margin: .75rem 0; display: block }
pre { overflow-x: auto; font-size: 13px; background: #f4f4f4; padding: .75rem }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p>{{.About}}</p>
{{range .Charts}}{{template "svg" .}}
{{end}}<h2>Figures</h2>
<pre>{{.Table}}</pre>
<h2>Policy</h2>
<pre>{{.PolicyJSON}}</pre>
</body>
</html>
{{end}}
{{define "picture"}}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{one .W}} {{one .H}}" width="{{one .W}}" height="{{one .H}}" font-family="system-ui, sans-serif">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="20" y="22" font-size="17" font-weight="600" fill="#111111">{{.Title}}</text>
<text x="20" y="40" font-size="12" fill="#333333">{{.About}}</text>
{{range .Charts}}<g transform="translate(20 {{one .Y}})">
{{template "parts" .}}</g>
{{end}}</svg>
{{end}}`))
