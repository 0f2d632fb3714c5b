// The answers of the API, by the names the pages use. A value that may be missing is left out or null: both mean the same.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Services = Schemas['ServiceList'];
export type Aggregate = Schemas['Aggregate'];
export type Aggregates = Schemas['AggregateList'];
export type AggregateDetail = Schemas['AggregateDetail'];
export type Occurrence = Schemas['Occurrence'];
export type OccurrenceDetail = Schemas['OccurrenceDetail'];
export type Occurrences = Schemas['Occurrences'];
export type SearchAnswer = Schemas['SearchAnswer'];
export type Hit = Schemas['Hit'];
export type Completion = Schemas['Completion'];
export type Distribution = Schemas['Distribution'];
export type RangeAnswer = Schemas['RangeAnswer'];
export type Target = Schemas['Target'];
export type TargetHistory = Schemas['History'];
export type Targets = Schemas['Targets'];
export type Labels = Schemas['LabelNames'];
export type Status = Schemas['Status'];
export type Whoami = Schemas['Whoami'];
export type Changed = Schemas['Changed'];
export type BulkChanged = Schemas['BulkChanged'];
export type Undone = Schemas['Undone'];
export type ActivityList = Schemas['ActivityList'];
export type ActivityEntry = Schemas['Entry'];
export type View = Schemas['View'];
export type Views = Schemas['ViewList'];
export type ErrorFacets = Schemas['ErrorFacets'];
export type LabelReport = Schemas['LabelReport'];
export type LabelValues = Schemas['LabelValues'];
