package ingest

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// siteKind is who makes pages of a folder.
type siteKind uint8

const (
	plainFolder siteKind = iota
	jekyllSite
	hugoSite
)

// page is a Markdown file of a folder.
type page struct {
	site       siteKind
	file       string   // path on disk
	path       string   // below the content's root, slashes, no extension: "posts/first", "2024-01-02-title"
	categories []string // the folders above a Jekyll _posts
	draft      bool     // in _drafts
	size       int64
}

// notPages are folders that hold what a generator made or fetched, never content.
var notPages = map[string]bool{"node_modules": true, "_site": true, "public": true, "vendor": true, "resources": true}

// findPages lists the Markdown files of a folder in the order of their paths, and counts those that a Jekyll site has
// outside of _posts and _drafts.
func findPages(dir string) (pages []page, outside int, err error) {
	site, root := siteOf(dir)
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != root && (strings.HasPrefix(name, ".") || notPages[name]) {
				return fs.SkipDir
			}
			return nil
		}
		if formatOfName(name) != FormatMarkdown || strings.HasSuffix(name, ".gz") || !d.Type().IsRegular() || strings.HasPrefix(name, ".") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		p := page{site: site, file: file, size: info.Size()}
		rel = filepath.ToSlash(rel)
		p.path = strings.TrimSuffix(rel, path.Ext(rel))
		switch site {
		case jekyllSite:
			if !p.jekyllPath(root) {
				outside++
				return nil
			}
		case hugoSite:
			if path.Base(p.path) == "_index" {
				return nil // the page of a section: a list of its pages
			}
			if path.Base(p.path) == "index" {
				p.path = path.Dir(p.path) // a leaf bundle: the folder is the page
			}
		}
		pages = append(pages, p)
		return nil
	})
	slices.SortFunc(pages, func(a, b page) int { return cmp.Compare(a.file, b.file) })
	return pages, outside, err
}

// siteOf tells who makes pages of a folder, and where its content begins.
func siteOf(dir string) (siteKind, string) {
	has := func(names ...string) bool {
		for _, n := range names {
			if _, err := os.Stat(filepath.Join(dir, n)); err == nil {
				return true
			}
		}
		return false
	}
	base := filepath.Base(dir)
	if abs, err := filepath.Abs(dir); err == nil {
		base = filepath.Base(abs)
	}
	switch {
	case base == "_posts" || base == "_drafts" || has("_posts", "_config.yml", "_config.yaml"):
		return jekyllSite, dir
	case isFolder(filepath.Join(dir, "content")) && has("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.json", "config", "archetypes", "themes", "layouts", "content"):
		return hugoSite, filepath.Join(dir, "content")
	case base == "content":
		return hugoSite, dir
	}
	return plainFolder, dir
}

// jekyllPath cuts the path of a post behind _posts or _drafts, and tells whether it is one.
func (p *page) jekyllPath(root string) bool {
	whole := p.path
	if abs, err := filepath.Abs(root); err == nil {
		if base := filepath.Base(abs); base == "_posts" || base == "_drafts" {
			whole = base + "/" + whole
		}
	}
	parts := strings.Split(whole, "/")
	for i, part := range parts[:len(parts)-1] {
		if part == "_posts" || part == "_drafts" {
			p.draft = part == "_drafts"
			p.categories = parts[:i]
			p.path = strings.Join(parts[i+1:], "/")
			return true
		}
	}
	return false
}

// folder reads the pages of a folder, one after the other.
func (r *reader) folder(dir string, read func(*input) error) error {
	if r.opt.Format != FormatAuto && r.opt.Format != FormatMarkdown {
		return fmt.Errorf("read %s: it is a folder, and only Markdown is read from folders; name the files themselves", dir)
	}
	pages, outside, err := findPages(dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	if outside > 0 && r.opt.Notice != nil {
		r.opt.Notice(Place{Source: dir}, fmt.Sprintf("%s outside of _posts and _drafts was left out; import their folder by itself to have them", plural(outside, "Markdown file")))
	}
	if len(pages) == 0 {
		return fmt.Errorf("read %s: there is no Markdown file below it; name the files themselves if it holds others", dir)
	}
	for _, p := range pages {
		if err := r.alive(); err != nil {
			return err
		}
		f, err := os.Open(p.file)
		if err != nil {
			return fmt.Errorf("read %s: %w", p.file, err)
		}
		in := &input{name: p.file, format: FormatMarkdown, page: p, closers: []io.Closer{f}}
		if err = in.unwrap(&meter{f, r}); err == nil {
			err = read(in)
		}
		in.close()
		if err != nil {
			return err
		}
	}
	return nil
}

var datedName = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})-(.+)$`)

// nameDate splits the last part of the path into the day that it begins with, if it does, and the rest.
func (p page) nameDate() (day *time.Time, name string) {
	name = path.Base(p.path)
	if m := datedName.FindStringSubmatch(name); m != nil {
		if t, err := time.Parse("2006-1-2", m[1]); err == nil {
			return &t, m[2]
		}
	}
	return nil, name
}

// id returns the path, its last part replaced by the slug if there is one.
func (p page) id(slug string) string {
	if slug == "" {
		return p.path
	}
	return path.Join(path.Dir(p.path), slug)
}

// url returns where the generator puts the page if nothing is configured: /cat/2024/01/02/title.html for Jekyll,
// /posts/title/ for Hugo; "" for a plain folder.
func (p page) url(slug string, date *time.Time, categories []string) string {
	day, name := p.nameDate()
	switch p.site {
	case jekyllSite:
		if date == nil {
			date = day
		}
		if slug != "" {
			name = slug
		}
		parts := make([]string, 0, len(categories)+1)
		for _, c := range categories {
			parts = append(parts, strings.ToLower(c))
		}
		if date != nil {
			parts = append(parts, date.Format("2006/01/02"))
		}
		return escapePath("/" + strings.Join(append(parts, name+".html"), "/"))
	case hugoSite:
		where := strings.ToLower(strings.ReplaceAll(p.id(slug), " ", "-"))
		if where == "." {
			return "/"
		}
		return escapePath("/" + where + "/")
	}
	return ""
}

func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// withBase puts the site's address before a path of it.
func withBase(base, link string) string {
	if base == "" || link == "" || isURL(link) {
		return link
	}
	return strings.TrimRight(base, "/") + "/" + strings.TrimLeft(link, "/")
}
