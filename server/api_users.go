package server

import (
	"context"
	"net/http"
)

// UserPath is the operations' input that names a reader.
type UserPath struct {
	User string `path:"user" doc:"Name of the reader, percent-encoded: a slash is %2F" example:"ada"`
}

func (a *api) users() {
	register(a, operation{method: http.MethodDelete, path: "/v1/users/{user}", id: "erase-user", tag: "users",
		summary: "Erase a reader",
		description: "Removes all that is known of a reader: events, preferences, idempotency keys, and which browsers are theirs. " +
			"They are gone from the disk when it answers; what they taught leaves the recommendations of others soon after. " +
			"Of a reader who is not known nothing is left either, so that is a 204 too. A browser of theirs that is still " +
			"open goes on as one that was never here: what it had not yet had acknowledged counts as new.",
		problems: []int{503}},
		func(ctx context.Context, in *UserPath) (*struct{}, error) {
			user, err := actAs(ctx, "erase-user", in.User)
			if err != nil {
				return nil, err
			}
			return nil, a.catalog.EraseUser(ctx, user)
		})
}
