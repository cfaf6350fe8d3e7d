//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"nigh/core"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// The test binary is its own child process: childMode says what the child does with the folder childDir.
const (
	childMode = "NIGH_STORE_TEST_CHILD"
	childDir  = "NIGH_STORE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childMode) {
	case "":
		os.Exit(m.Run())
	case "commit":
		exit(commitForEver(os.Getenv(childDir)))
	case "full":
		exit(fillDisk(os.Getenv(childDir)))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t *testing.T, mode, dir string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"="+mode, childDir+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// round is a batch that leaves seq in every item, record, event, client and key.
func round(seq uint64) store.Batch {
	b := store.Batch{Clients: map[string]store.Client{"c": {User: "ada", LastOp: seq}}}
	for n := core.ItemNum(1); n <= 50; n++ {
		id := fmt.Sprint("item-", n)
		b.Items = append(b.Items, store.StoredItem{Num: n, Item: store.Item{ID: id, Title: fmt.Sprint(seq)}})
		b.Records = append(b.Records, store.StoredRecord{Seq: seq, Num: n, ID: id, Record: []byte(fmt.Sprint(seq))})
	}
	b.Events = []store.NewEvent{{
		StoredEvent: store.StoredEvent{Num: 1, User: "ada", Kind: "view", AtMillis: int64(seq)},
		Key:         fmt.Sprint("key-", seq), Op: store.Op{Client: "c", Number: seq},
	}}
	return b
}

// checkRound tells whether db holds the rounds 1 to info.LastSeq, each once and whole.
func checkRound(db *sqlite.DB, info store.Info) error {
	ctx := context.Background()
	seq := fmt.Sprint(info.LastSeq)
	if info.Events != int64(info.LastSeq) || info.Items != 50 {
		return fmt.Errorf("counters %+v are of no round", info)
	}
	var items, events int
	err := errors.Join(
		db.EachItem(ctx, func(it store.StoredItem) error {
			if items++; it.Title != seq {
				return fmt.Errorf("item of round %s in round %s", it.Title, seq)
			}
			return nil
		}),
		db.EachRecord(ctx, 0, func(r store.StoredRecord) error {
			if string(r.Record) != seq || r.Seq != info.LastSeq {
				return fmt.Errorf("record of round %s in round %s", r.Record, seq)
			}
			return nil
		}),
		db.EachEvent(ctx, 0, func(e store.StoredEvent) error {
			if events++; e.AtMillis != int64(events) {
				return fmt.Errorf("event of round %d is number %d", e.AtMillis, events)
			}
			return nil
		}))
	if err == nil && (items != 50 || events != int(info.LastSeq)) {
		err = fmt.Errorf("%d items and %d events in round %s", items, events, seq)
	}
	c, cerr := db.Client(ctx, "c")
	known, kerr := db.KnownKeys(ctx, []string{"key-" + seq, fmt.Sprint("key-", info.LastSeq+1)})
	if c.LastOp != info.LastSeq || len(known) != 1 {
		err = errors.Join(err, fmt.Errorf("last op %d, keys %v in round %s", c.LastOp, known, seq))
	}
	return errors.Join(err, cerr, kerr)
}

// commitForEver commits round after round and prints each one's number when it is acknowledged.
func commitForEver(dir string) error {
	db, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	info, err := db.Info(context.Background())
	if err != nil {
		return err
	}
	for seq := info.LastSeq + 1; ; seq++ {
		if err := db.Commit(context.Background(), round(seq)); err != nil {
			return err
		}
		fmt.Println(seq)
	}
}

func TestDB_KeepsWhatItAcknowledgedWhenKilled(t *testing.T) {
	dir := t.TempDir()
	acked := uint64(0)
	for range 4 {
		cmd := child(t, "commit", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for i := 0; lines.Scan(); i++ {
			if acked, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatalf("child says %q", lines.Text())
			}
			if i == 20 {
				refused(t, dir, store.ErrLocked, fmt.Sprintf("process %d", cmd.Process.Pid))
				cmd.Process.Kill() // in the midst of some later round; what it still printed is read on
			}
		}
		cmd.Wait() // "killed" is what we did

		db := open(t, dir)
		info, err := db.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info.LastSeq < acked || info.LastSeq > acked+1 {
			t.Errorf("after the kill the store is at round %d, want %d, which was acknowledged, or the next", info.LastSeq, acked)
		}
		if err := checkRound(db, info); err != nil {
			t.Errorf("after the kill: %v", err)
		}
		db.Close()
	}
	if acked < 80 {
		t.Errorf("%d rounds were acknowledged, want 20 and more before each of 4 kills", acked)
	}
}

// A file that may not grow (RLIMIT_FSIZE) stands in for a full disk: write fails in the midst of a commit, in the log.
func TestDB_SurvivesAFullDisk(t *testing.T) {
	out, err := child(t, "full", t.TempDir()).Output()
	if err != nil {
		t.Errorf("child: %v: %s", err, out)
	}
}

func fillDisk(dir string) error {
	signal.Ignore(unix.SIGXFSZ) // so that write fails instead
	db, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 200_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	seq := uint64(0)
	for err = nil; err == nil && seq < 1000; {
		if err = db.Commit(context.Background(), round(seq+1)); err == nil {
			seq++
		}
	}
	if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "make room") {
		return fmt.Errorf("Commit on a full disk = %v, want store.ErrReadOnly, the folder and what to do", err)
	}
	if seq == 0 {
		return errors.New("no round fitted")
	}
	for range 3 { // it stays full; what was acknowledged can be read
		if err := db.Commit(context.Background(), round(seq+1)); !errors.Is(err, store.ErrReadOnly) {
			return fmt.Errorf("Commit on a disk still full = %v, want store.ErrReadOnly", err)
		}
		info, err := db.Info(context.Background())
		if err != nil {
			return fmt.Errorf("read on a full disk: %w", err)
		}
		if info.LastSeq != seq {
			return fmt.Errorf("the store is at round %d, want %d", info.LastSeq, seq)
		}
		if err := checkRound(db, info); err != nil {
			return err
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for range 10 {
		if err := db.Commit(context.Background(), round(seq+1)); err != nil {
			return fmt.Errorf("Commit after room was made: %w", err)
		}
		seq++
	}
	if err := db.Close(); err != nil {
		return err
	}
	if db, err = sqlite.Open(context.Background(), dir); err != nil {
		return err
	}
	info, err := db.Info(context.Background())
	if err == nil {
		err = checkRound(db, info)
	}
	return errors.Join(err, db.Close())
}
