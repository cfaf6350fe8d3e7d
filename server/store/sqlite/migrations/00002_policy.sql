-- Which policy the records were made under, so that another one makes them anew: the bits of store.Info.Policy.

-- +goose Up
ALTER TABLE meta ADD COLUMN policy INTEGER NOT NULL DEFAULT 0;
