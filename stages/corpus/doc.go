// Package corpus holds the stages that look at a corpus as a whole, one file each: those that say which rows and
// columns it has ([NewWhere]), that count it ([NewStats]), and the movers that say in which output shards
// its rows stand ([NewShuffle]).
package corpus
