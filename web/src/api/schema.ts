// Made from docs/openapi.json by `npm run schema`: do not edit.

export interface paths {
    "/api/v1/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what, when and why: newest first */
        get: operations["listActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/activity/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One activity with what it did to each error */
        get: operations["getActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/activity/{id}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an activity back
         * @description Restores what it changed, in each error whose value still is the one it set.
         */
        post: operations["undoActivity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A backup of everything as of the last commit, as an archive: a tar file compressed with zstd
         * @description Its last file is `manifest.json`; without that it is incomplete. One is made at a time.
         */
        post: operations["takeBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look through everything that is stored: every checksum, every row, and that what is told twice is told alike
         * @description JSON lines: one for each thing that is wrong, and at last one with `findings`, how many those are. Without the last line it
         *     broke off. Changes nothing; scraping goes on.
         */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Errors, page by page
         * @description Lists the errors that `q` selects and that happened in the range, or with `all=true` all that it selects.
         */
        get: operations["listAggregates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One error in full */
        get: operations["getAggregate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change an error: its state, labels, assignee and note
         * @description Durable when it is answered. With `If-Match` only if nobody changed it since; else 412 with the error as it is now.
         */
        patch: operations["changeAggregate"];
        trace?: never;
    };
    "/api/v1/aggregates/{id}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed an error, when and why: newest first */
        get: operations["listErrorActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates/{id}/distribution": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where an error happens: its counts by each label of its targets */
        get: operations["getDistribution"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates/{id}/occurrences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Samples of an error, newest first */
        get: operations["listOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change many errors at once
         * @description All of them in one commit, or none. The answer's `activity` takes it back.
         */
        post: operations["changeAggregates"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/aggregates/bulk/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the last bulk change back
         * @description The last one that was not taken back yet. What was changed again since stays as it is.
         */
        post: operations["undoBulkChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The running configuration, secrets hidden */
        get: operations["getConfig"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/facets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What there is to filter by: numbers of errors by service, severity, state, assignee and each label */
        get: operations["listFacets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The labels there are to filter and group by */
        get: operations["listLabels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/labels/{name}/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The values of a label */
        get: operations["listLabelValues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/occurrences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Samples for which a query holds, newest first */
        get: operations["searchOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/occurrences/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One sample of an error
         * @description As Markdown, it is ready to be pasted into a ticket.
         */
        get: operations["getOccurrence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The document that describes all these calls */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/query/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What may stand at a place of a query */
        get: operations["completeQuery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/range": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts over time, by group
         * @description As CSV and JSON lines: one row for each group and bucket.
         */
        get: operations["getRange"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ownership at a glance: what came and went, by the values of a label
         * @description The labels are those that errors have now. As a picture: `/charts/reports/labels.svg`.
         */
        get: operations["getLabelReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All services at one glance
         * @description Every configured service, and those configured no more that have counts in the range.
         */
        get: operations["listServices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This server: what was built, what is configured, what is stored */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What discovery lists, and how its last scrapes went */
        get: operations["listTargets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/targets/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a target's scrapes went over time */
        get: operations["getTargetHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/top": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The most frequent groups of a range */
        get: operations["getTop"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All views */
        get: operations["listViews"];
        put?: never;
        /**
         * Save a new view
         * @description 409 when there is one of this name.
         */
        post: operations["addView"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One view */
        get: operations["getView"];
        /** Save a view, in the place of one of the same name */
        put: operations["replaceView"];
        post?: never;
        /** Remove a view */
        delete: operations["removeView"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks, and what they may do */
        get: operations["getWhoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/charts/range.png": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts over time as a PNG
         * @description The SVG, rasterised with fonts of its own. Characters that these do not have, such as Chinese or most emoji, are empty
         *     boxes.
         */
        get: operations["getRangePng"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/charts/range.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counts over time as an SVG
         * @description What `/api/v1/range` answers to the same parameters, drawn as the pages draw it. It names fonts and holds none: the
         *     viewer's own are used.
         */
        get: operations["getRangeSvg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/charts/reports/labels.png": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ownership at a glance, as a PNG
         * @description The SVG, rasterised.
         */
        get: operations["getLabelReportPng"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/charts/reports/labels.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ownership at a glance, as an SVG
         * @description The counts that `/api/v1/reports/labels` reports, over time, by the values of the annotation label that `by` names.
         */
        get: operations["getLabelReportSvg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A page of activity, newest first. */
        ActivityList: {
            /** @description The entries. */
            activities: components["schemas"]["Entry"][];
            /** @description `cursor` of the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description One error of one service, over all its instances. */
        Aggregate: {
            /** @description The client's aggregation key, unique within the service. */
            aggregation_key: string;
            /** @description Who cares for it. */
            assignee?: string | null;
            /** @description Class of its newest sample. */
            class: string;
            /**
             * Format: int64
             * @description How often it happened in the range, at the targets that `q` names.
             */
            count: number;
            /** @description Happening much more often than it used to. */
            escalating: boolean;
            /**
             * Format: int64
             * @description How much of `count` is in the range by estimate.
             */
            estimated: number;
            /**
             * Format: date-time
             * @description When it is known to have happened first.
             */
            first_seen: string;
            /**
             * Format: int32
             * @description Its id, which it keeps for ever.
             */
            id: number;
            /** @description Annotation labels. */
            labels: components["schemas"]["BTreeMap"];
            /**
             * Format: date-time
             * @description When it is known to have happened last.
             */
            last_seen: string;
            /** @description Message of its newest sample. */
            message: string;
            /** @description First seen a short while ago: 24 hours, unless configured otherwise. */
            new: boolean;
            /** @description Open again after it was resolved. */
            regressed: boolean;
            /**
             * Format: int64
             * @description How often its state, labels, assignee or note changed: its `ETag`.
             */
            revision: number;
            /** @description Name of its service. */
            service: string;
            /** @description `info`, `warning` or `error`, as last exposed. */
            severity: string;
            sparkline?: null | components["schemas"]["Sparkline"];
            /** @description `open`, `resolved` or `muted`. */
            state: string;
            /**
             * Format: date-time
             * @description Since when it is in this state; null if that never changed.
             */
            state_since?: string | null;
            /**
             * Format: int64
             * @description How often it ever happened, whatever retention has removed.
             */
            total_count: number;
        };
        /** @description One error in full. */
        AggregateDetail: components["schemas"]["Aggregate"] & {
            /** @description Whether it happens much more often than it used to, and how that is told. */
            escalation: components["schemas"]["Escalation"];
            /** @description Id of its oldest sample that is kept; null when there is none. */
            first_occurrence?: string | null;
            /** @description Labels that the configuration's rules give it, whatever people chose. */
            labels_by_rule: components["schemas"]["BTreeMap"];
            /** @description Labels that people took away, whatever the rules say. */
            labels_removed: string[];
            /** @description Id of its newest sample; null when there is none. */
            last_occurrence?: string | null;
            /** @description What people wrote about it. */
            note?: string | null;
            /** @description Its state with all its conditions. */
            standing: components["schemas"]["Standing"];
        };
        /** @description A page of errors. */
        AggregateList: components["schemas"]["Counted"] & {
            /** @description The errors. */
            aggregates: components["schemas"]["Aggregate"][];
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /** @description `cursor` of the next page; null when this is the last. */
            next_cursor?: string | null;
            /** @description Ids of the errors on all pages together, in their order, where asked for: at most the first 100,000. */
            order?: number[] | null;
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
            /**
             * Format: int64
             * @description How many there are on all pages together.
             */
            total: number;
        };
        /** @description Backups of this server since its start. */
        Backup: {
            /** @description Whether one may be asked for over HTTP: `--web.enable-admin-api`. */
            by_request: boolean;
            /** @description Where backups go that are made by themselves; null when none are. */
            directory?: string | null;
            /**
             * Format: double
             * @description Time from one of them to the next.
             */
            interval_seconds?: number | null;
            /** @description How many of them are kept. */
            keep?: number | null;
            /** @description Why. */
            last_failure?: string | null;
            /**
             * Format: date-time
             * @description When the last one failed; null when none did since the last success.
             */
            last_failure_time?: string | null;
            /**
             * Format: int64
             * @description Bytes that it copied, before compression.
             */
            last_success_bytes?: number | null;
            /**
             * Format: int64
             * @description Number of the last commit in it.
             */
            last_success_commit?: number | null;
            /**
             * Format: double
             * @description How long it took.
             */
            last_success_seconds?: number | null;
            /**
             * Format: date-time
             * @description Of when the last one is that was made; null when none was since the start.
             */
            last_success_time?: string | null;
            /** @description One is being made. */
            running: boolean;
        };
        BTreeMap: {
            [key: string]: string;
        };
        /** @description Which errors are to be changed, and how. */
        BulkChange: {
            /** @description What to change. */
            change: components["schemas"]["ErrorChange"];
            /** @description `true` changes nothing and says how many it would be. */
            dry_run?: boolean | null;
            /** @description And before this. Now by default. */
            end?: string | null;
            /**
             * @description Their ids. Either these or a query.
             * @example [
             *       3,
             *       17,
             *       40
             *     ]
             */
            ids?: number[] | null;
            /**
             * @description All that a query selects.
             * @example service:checkout is:open -has:label.team
             */
            query?: string | null;
            /** @description Of these only those that happened since then: `now-24h`, RFC 3339 or Unix seconds. All by default. */
            start?: string | null;
        };
        /** @description What came of a bulk change. */
        BulkChanged: {
            /**
             * Format: int64
             * @description The activity, by which the change can be taken back; null when nothing changed.
             */
            activity?: number | null;
            /**
             * Format: int64
             * @description How many of them changed: the others were so already. Null in a dry run.
             */
            changed?: number | null;
            /** @description Nothing was changed, because this was only asked. */
            dry_run: boolean;
            /**
             * Format: int64
             * @description How many errors were selected.
             */
            matched: number;
        };
        /** @description One link of the chain of causes. */
        Cause: {
            /** @description Class of the exception. */
            class: string;
            /** @description Its message. */
            message: string;
            /** @description Its stack; null where the client sent none. */
            stacktrace?: string[] | null;
        };
        /** @description An error as it is after a change. */
        Changed: components["schemas"]["AggregateDetail"] & {
            /**
             * Format: int64
             * @description The activity, by which the change can be taken back; null when nothing changed.
             */
            activity?: number | null;
        };
        /** @description What an activity did to one error. */
        Changes: {
            /**
             * Format: int32
             * @description The error's id.
             */
            aggregate: number;
            /** @description The client's aggregation key. */
            aggregation_key: string;
            /** @description Its class. */
            class: string;
            /** @description Why, for people; empty where the reason says it all. */
            detail: string;
            /** @description What changed. */
            fields: components["schemas"]["FieldChange"][];
            /** @description Name of its service. */
            service: string;
        };
        /** @description What may stand at a place of a query. */
        Completion: {
            /** @description Its end. */
            end: number;
            /**
             * @description Suggestions, at most 50: first those that begin with what is typed, then those that hold it; of these, the most
             *     frequent values first.
             */
            items: components["schemas"]["Suggestion"][];
            /** @description The key whose values are suggested; null where keys are. */
            key?: string | null;
            /** @description Begin of the word at the cursor, which a suggestion replaces, in characters from 0. */
            start: number;
            /** @description Whether there are more. */
            truncated: boolean;
        };
        /** @description What a query selected and what was counted of it. */
        Counted: {
            /**
             * @description `events`: every event for which the query holds. `errors`: the query asks for text, which only samples have; so it chose
             *     errors by their samples, and all events of these are counted.
             * @example events
             */
            counted: string;
            indexed?: null | components["schemas"]["Indexed"];
        };
        /** @description The counts by one label. Values and `other` add up to the total. */
        Dimension: {
            /**
             * @description The label, as `by` and `q` take it.
             * @example target.version
             */
            label: string;
            /**
             * Format: int64
             * @description All other values together.
             */
            other: number;
            /** @description The most frequent values. */
            values: components["schemas"]["ValueCount"][];
        };
        /** @description Where an error happens. */
        Distribution: {
            /** @description One for each label that any of its targets has. */
            dimensions: components["schemas"]["Dimension"][];
            /**
             * Format: int64
             * @description How often it happened in the range.
             */
            total: number;
        };
        /** @description One change, of one error or of many at once. */
        Entry: {
            /** @description Who asked for it, empty if they gave no name; null when it came by itself. */
            actor?: string | null;
            /**
             * Format: int64
             * @description How many errors it changed.
             */
            aggregates: number;
            /** @description What it did to them: to the first few where many activities are listed. */
            changes: components["schemas"]["Changes"][];
            /**
             * Format: int64
             * @description Its id, by which it can be taken back.
             */
            id: number;
            /** @description `cursor` of more of them, where one activity is told; null when these are the last. */
            next_cursor?: string | null;
            /**
             * @description Why: `edit` and `bulk` (somebody asked), `periskop` (resolved through Periskop's API), `undo`, `rule` (the
             *     configuration's label rules), `regression`, `escalation`, `mute_time`, `mute_count`, `silence`, `import` (a file
             *     that was imported).
             */
            reason: string;
            /**
             * Format: date-time
             * @description When.
             */
            time: string;
            /**
             * Format: int64
             * @description With `undo`: the activity that was taken back.
             */
            undoes?: number | null;
        };
        /** @description What is to be changed of an error; what is not given stays. */
        ErrorChange: {
            /**
             * @description Who cares for it: a name, `me` for whoever asks, null for nobody.
             * @example ada
             */
            assignee?: string | null;
            /** @description Labels to set, by name; null takes one away, whatever the rules say. */
            labels?: Record<string, never> | null;
            /** @description Names of labels that are left to the configuration's rules again. */
            labels_by_rule?: string[] | null;
            muted_until?: null | components["schemas"]["MutedUntilChange"];
            /** @description What to know about it; null takes it away. */
            note?: string | null;
            resolved_in?: null | components["schemas"]["ResolvedInChange"];
            /**
             * @description `open`, `resolved` or `muted`.
             * @example resolved
             */
            state?: string | null;
        };
        /** @description One key to filter by. */
        ErrorFacet: {
            /**
             * @description The key, as `q` takes it.
             * @example label.team
             */
            key: string;
            /**
             * Format: int64
             * @description How many values there are beyond these.
             */
            others: number;
            /** @description The values with most errors. */
            values: components["schemas"]["ErrorFacetValue"][];
            /**
             * Format: int64
             * @description How many errors have no value.
             */
            without: number;
        };
        /** @description What errors have in common. */
        ErrorFacets: components["schemas"]["Counted"] & {
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /**
             * Format: int64
             * @description How many errors are selected.
             */
            errors: number;
            /**
             * Format: int64
             * @description How often they happened in the range.
             */
            events: number;
            /** @description One for each key that any of them has a value for. */
            facets: components["schemas"]["ErrorFacet"][];
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
        };
        /** @description One value of a key. */
        ErrorFacetValue: {
            /**
             * Format: int64
             * @description How many errors have it.
             */
            errors: number;
            /**
             * Format: int64
             * @description How often these happened in the range.
             */
            events: number;
            /** @description The value. */
            value: string;
        };
        /** @description Whether an error happens much more often than it used to. */
        Escalation: {
            /**
             * Format: int64
             * @description How often it happened in it so far.
             */
            count: number;
            /** @description It counts more than its limit in the running hour. */
            escalating: boolean;
            /**
             * Format: date-time
             * @description Begin of the running clock hour.
             */
            hour: string;
            /**
             * Format: int64
             * @description Beyond this it escalates; null where there is nothing yet to compare with.
             */
            limit?: number | null;
            /**
             * @description How the limit comes about, for people.
             * @example limit 640 for today: ten times 64, its busiest hour since it was first seen
             */
            why: string;
        };
        /** @description Matches by one facet. Values and `other` add up to the total. */
        Facet: {
            /**
             * @description By what, as a key of queries.
             * @example service
             */
            name: string;
            /**
             * Format: int64
             * @description All other values together.
             */
            other: number;
            /** @description The most frequent values, at most 20. */
            values: components["schemas"]["FacetValue"][];
        };
        /** @description One value of a facet. */
        FacetValue: {
            /**
             * Format: int64
             * @description How many samples match.
             */
            count: number;
            /** @description The value; empty for what has none. */
            value: string;
        };
        /** @description One thing that changed. */
        FieldChange: {
            /** @enum {string} */
            field: "state";
            /** @description Before. */
            from: components["schemas"]["Standing"];
            /** @description After. */
            to: components["schemas"]["Standing"];
        } | {
            /** @enum {string} */
            field: "label";
            /** @description Before. */
            from: components["schemas"]["LabelValue"];
            /** @description Its name. */
            name: string;
            /** @description After. */
            to: components["schemas"]["LabelValue"];
        } | {
            /** @enum {string} */
            field: "assignee";
            /** @description Before; null for nobody. */
            from?: string | null;
            /** @description After. */
            to?: string | null;
        } | {
            /** @enum {string} */
            field: "note";
            /** @description Before; null for none. */
            from?: string | null;
            /** @description After. */
            to?: string | null;
        };
        /** @description One group. */
        Group: {
            /**
             * Format: int64
             * @description How often it happened in the range.
             */
            count: number;
            /**
             * Format: int64
             * @description How much of `count` is in the range by estimate.
             */
            estimated: number;
            /** @description The group; empty for what has no such label. */
            labels: components["schemas"]["BTreeMap"];
        };
        /** @description Counts of one group. */
        GroupSeries: components["schemas"]["Series"] & {
            /** @description The group; empty for what has no such label. */
            labels: components["schemas"]["BTreeMap"];
        };
        /** @description How a part of what is stored grows. */
        GrowingPart: {
            /**
             * Format: int64
             * @description Bytes that it takes on disk.
             */
            bytes: number;
            /**
             * Format: double
             * @description Bytes that it grows by in a day, after what goes because of its age; negative when more goes than comes.
             */
            bytes_per_day: number;
            /**
             * @description `counts` by the second, `rollups` by the hour and the day, `samples`, the search `index`, `activity`, or `records` of services,
             *     targets, processes and errors.
             * @example counts
             */
            part: string;
        };
        /** @description How what is stored grows, and what becomes of that if all goes on as in the last week. */
        Growth: {
            /**
             * Format: date-time
             * @description When the disk is full; null when it never is, or not within ten years.
             */
            disk_full_at?: string | null;
            /**
             * Format: int64
             * @description Bytes that can still be written: free ones of the disk, and those of the database file that hold nothing. Null where the
             *     disk does not say.
             */
            free_bytes?: number | null;
            /**
             * Format: int64
             * @description Bytes that everything may take, `storage.retention.size`; null without a limit.
             */
            limit_bytes?: number | null;
            /**
             * Format: date-time
             * @description When that limit makes the oldest go, which it may do already; null when it never does, or not within ten years.
             */
            limit_reached_at?: string | null;
            /** @description Each part. */
            parts: components["schemas"]["GrowingPart"][];
            /**
             * Format: date-time
             * @description From when on what came in was looked at: a week before that, or less where there is less.
             */
            since: string;
            /**
             * Format: date-time
             * @description When it was looked at.
             */
            time: string;
        };
        /** @description How a target's scrapes went. */
        History: {
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /**
             * Format: int32
             * @description The target's id.
             */
            id: number;
            /** @description Its labels. */
            labels: components["schemas"]["BTreeMap"];
            /** @description The URL that was scraped last. */
            scrape_url: string;
            /** @description Name of its service. */
            service: string;
            /** @description Stretches in which its scrapes went the same way, oldest first. Nobody watched between them. */
            spans: components["schemas"]["HistorySpan"][];
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
        };
        /** @description A stretch of time in which a target's scrapes went the same way. */
        HistorySpan: {
            /**
             * Format: int64
             * @description Bytes of that window's last body.
             */
            body_bytes: number;
            /**
             * Format: double
             * @description Longest duration of that window's scrapes, in seconds.
             */
            duration_seconds_max: number;
            /**
             * Format: double
             * @description Mean duration of that window's scrapes, in seconds.
             */
            duration_seconds_mean: number;
            /**
             * Format: date-time
             * @description End.
             */
            end: string;
            /** @description That window's last failure; null when there was none. */
            error?: string | null;
            /**
             * Format: int32
             * @description How many scrapes there were in the storage window (two hours) in which the stretch begins.
             */
            scrapes: number;
            /**
             * Format: date-time
             * @description Begin.
             */
            start: string;
            /** @description Whether the scrapes succeeded. */
            up: boolean;
        };
        /** @description A sample that matches. */
        Hit: {
            /**
             * Format: int32
             * @description Id of its error.
             */
            aggregate: number;
            /** @description Class of the exception. */
            class: string;
            /**
             * @description Its id; `/occurrences/{id}` has it whole.
             * @example 20412-3871-5
             */
            id: string;
            /** @description Name of its service. */
            service: string;
            /** @description `info`, `warning` or `error`. */
            severity: string;
            /** @description Class, message, and where else the query's words were found. */
            snippets: components["schemas"]["Snippet"][];
            /** @description Labels of the target at which it was sampled. */
            target: components["schemas"]["BTreeMap"];
            /**
             * Format: date-time
             * @description When it happened by the client's clock; where the client did not say, the day on which it was scraped.
             */
            time: string;
        };
        /** @description The request in which an exception happened. */
        Http: {
            /** @description The body; null where the client sent none. */
            body?: string | null;
            /** @description The request as a command for a shell; what was redacted is redacted there, too. */
            curl: string;
            /**
             * @description Header names and values; of a name that came several times, all values with commas between; null where the client
             *     sent none.
             */
            headers?: {
                [key: string]: string;
            } | null;
            /** @description `GET`, `POST`, … */
            method: string;
            /** @description The whole URL as the client wrote it. */
            url: string;
        };
        /** @description How much of what is stored the search index knows. */
        Indexed: {
            /** @description Everything but the samples of the last second or two. False while the index is made anew or catches up after a start. */
            complete: boolean;
            /**
             * Format: double
             * @description How much of the stored samples is indexed, from 0 to 1.
             */
            ratio: number;
        };
        /** @description A rule for `key_rules`. */
        KeySuggestion: {
            /** @description Of how many of the newest keys that was found out. */
            keys: number;
            /** @description How many would be left of these. */
            left: number;
            /** @description What to strip: of `numbers`, `uuids`, `hex` and `hash`. */
            strip: string[];
        };
        /** @description Labels there are to filter and group by. */
        LabelNames: {
            /**
             * @description `label.NAME` for annotation labels and `target.NAME` for labels of targets, as `by` and `q` take them.
             * @example [
             *       "label.team",
             *       "target.instance"
             *     ]
             */
            labels: string[];
        };
        /** @description What came and went in a range, by the values of a label. */
        LabelReport: components["schemas"]["Counted"] & {
            /**
             * @description The label.
             * @example team
             */
            by: string;
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /** @description One for each value, most events first; errors without the label are under the empty value. */
            rows: components["schemas"]["LabelReportRow"][];
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
            /** @description All together. */
            total: components["schemas"]["LabelReportRow"];
        };
        /** @description What came and went of the errors with one value. */
        LabelReportRow: {
            /**
             * Format: int64
             * @description How often they happened.
             */
            count: number;
            /**
             * Format: int64
             * @description How many errors happened in the range.
             */
            errors: number;
            /**
             * Format: int64
             * @description How much of `count` is in the range by estimate.
             */
            estimated: number;
            /**
             * Format: int64
             * @description Errors that are muted now.
             */
            muted: number;
            /**
             * Format: int64
             * @description Errors first seen in the range.
             */
            new: number;
            /**
             * Format: int64
             * @description Errors that are open now, whenever they happened.
             */
            open: number;
            /**
             * Format: int64
             * @description How often an error that was resolved happened again in the range.
             */
            regressed: number;
            /**
             * Format: int64
             * @description How often an error was resolved in the range.
             */
            resolved: number;
            /**
             * Format: double
             * @description The mean of it.
             */
            time_to_resolve_mean_seconds?: number | null;
            /**
             * Format: double
             * @description How long errors that were resolved in the range had been open: the median. Null when none was.
             */
            time_to_resolve_median_seconds?: number | null;
            /** @description The value; empty for errors without the label. */
            value: string;
        };
        /** @description The value of a label, and where it comes from. */
        LabelValue: {
            /** @description `person` or `rule`; null where neither says anything. */
            by?: string | null;
            /** @description The value; null where the label is not there. */
            value?: string | null;
        };
        /** @description Values of one label. */
        LabelValues: {
            /** @description Whether there are more than the 10,000 that are here. */
            truncated: boolean;
            /** @description The values, sorted. */
            values: string[];
        };
        /** @description An error with matches. */
        Matched: {
            /** @description The client's key, unique within the service. */
            aggregation_key: string;
            /** @description Class of its newest sample. */
            class: string;
            /**
             * Format: int64
             * @description How many of its samples match.
             */
            count: number;
            /**
             * Format: int32
             * @description Its id.
             */
            id: number;
            /** @description Message of its newest sample. */
            message: string;
            /** @description Name of its service. */
            service: string;
            /** @description `info`, `warning` or `error`, as last exposed. */
            severity: string;
            /** @description `open`, `resolved` or `muted`. */
            state: string;
        };
        /** @description When a mute ends: one of these. */
        MutedUntil: {
            /** @description When it happens much more often than it used to. */
            escalation?: boolean | null;
            /**
             * Format: date-time
             * @description At this time.
             */
            time?: string | null;
            /**
             * Format: int64
             * @description When it happened so often in all (`total_count`).
             */
            total_count?: number | null;
        };
        /** @description When a mute ends: one of these. */
        MutedUntilChange: {
            /**
             * Format: int64
             * @description When it happened so many times more.
             */
            count?: number | null;
            /** @description When it happens much more often than it used to: `true`. */
            escalation?: boolean | null;
            /**
             * @description At this time: `now+2h`, RFC 3339 or Unix seconds.
             * @example now+2h
             */
            time?: string | null;
        };
        /** @description One sampled exception. */
        Occurrence: {
            /**
             * Format: int32
             * @description Id of its error.
             */
            aggregate: number;
            /** @description What caused it, outermost first. */
            causes: components["schemas"]["Cause"][];
            /** @description Class of the exception. */
            class: string;
            http?: null | components["schemas"]["Http"];
            /**
             * @description Its id, which it keeps for ever.
             * @example 20412-3871-5
             */
            id: string;
            /** @description Its message. */
            message: string;
            /** @description Name of its service. */
            service: string;
            /** @description `info`, `warning` or `error`. */
            severity: string;
            /** @description Its stack, one frame a line as the client wrote them; null where it sent none. */
            stacktrace?: string[] | null;
            /** @description Labels of the target at which it was sampled. */
            target: components["schemas"]["BTreeMap"];
            /**
             * Format: date-time
             * @description When it happened by the client's clock; null where the client did not say.
             */
            timestamp?: string | null;
            /** @description The client's id; may be empty and may repeat. */
            uuid: string;
        };
        /** @description One sample whole, and the ones beside it. */
        OccurrenceDetail: components["schemas"]["Occurrence"] & {
            /** @description The client's key of its error. */
            aggregation_key: string;
            /** @description Id of the oldest sample of its error that is kept. */
            first?: string | null;
            /** @description Id of the newest one. */
            last?: string | null;
            /** @description Id of the next newer one; null when this is the newest. */
            next?: string | null;
            /** @description Id of the next older one; null when this is the oldest. */
            previous?: string | null;
        };
        /** @description A page of samples, newest first. */
        Occurrences: {
            /** @description `cursor` of the next, older page; null when this is the last. */
            next_cursor?: string | null;
            /** @description The samples. */
            occurrences: components["schemas"]["Occurrence"][];
        };
        /** @description There is no room on the disk. Scrapes are held in memory and written when there is. */
        Outage: {
            /**
             * Format: int64
             * @description About how many bytes they take.
             */
            held_bytes: number;
            /**
             * Format: int64
             * @description How many they may take.
             */
            held_bytes_max: number;
            /**
             * Format: int64
             * @description Scrapes that are held in memory.
             */
            held_scrapes: number;
            /** @description They take that much: targets are not asked until there is room. What they count meanwhile comes with the scrape after that. */
            paused: boolean;
            /** @description Why, for people. */
            reason: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
        };
        /** @description A service with more errors than its `aggregate_limit`. */
        OverflowedService: {
            /**
             * Format: int64
             * @description Exceptions that were counted together because of it.
             */
            exceptions: number;
            /** @description Some of the newest keys beyond the limit. */
            keys: string[];
            /**
             * Format: date-time
             * @description When an error beyond the limit was seen last.
             */
            last: string;
            /** @description The service. */
            service: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            suggestion?: null | components["schemas"]["KeySuggestion"];
        };
        /** @description A part of a snippet. */
        Part: {
            /** @description It was looked for. */
            marked: boolean;
            /** @description The text as the client sent it. */
            text: string;
        };
        /** @description The body of a failed answer, `application/problem+json` (RFC 9457). */
        Problem: {
            /** @description With 412: the thing as it is now. */
            current?: unknown;
            /** @description What was wrong, for people. */
            detail: string;
            /** @description The parameter that was wrong. */
            param?: string | null;
            /** @description Where in that parameter, in characters from 0. */
            position?: number | null;
            /**
             * Format: int32
             * @description The HTTP status.
             * @example 400
             */
            status: number;
            /**
             * @description The status in words.
             * @example Bad Request
             */
            title: string;
            /**
             * @description `about:blank`: the status says what kind of problem it is.
             * @example about:blank
             */
            type: string;
        };
        /** @description Counts over time. In every bucket, `series` and `other` add up to `total`. */
        RangeAnswer: components["schemas"]["Counted"] & {
            /** @description What is told apart, as asked. */
            by: string;
            /**
             * @description How much of each bucket was watched, 0 to 1, over all targets of the selected services: where it is below 1, a low
             *     count may be one that nobody saw. A bucket that has not ended is judged by what could be watched so far; one in
             *     which there was no target is 0.
             */
            coverage: number[];
            /**
             * Format: date-time
             * @description End of the last bucket: the end asked for, up to a whole step.
             */
            end: string;
            other?: null | components["schemas"]["Series"];
            /** @description The most frequent groups, most frequent first. */
            series: components["schemas"]["GroupSeries"][];
            /**
             * Format: date-time
             * @description Begin of the first bucket: the start asked for, down to a whole step.
             */
            start: string;
            /**
             * Format: double
             * @description Length of each bucket in seconds.
             */
            step_seconds: number;
            /** @description Begin of each bucket in Unix seconds. */
            timestamps: number[];
            /** @description All groups together. */
            total: components["schemas"]["Series"];
        };
        /** @description The version in which an error was resolved. */
        ResolvedIn: {
            /**
             * @description The target label that names versions.
             * @example version
             */
            label: string;
            /**
             * @description The version.
             * @example 1.4.2
             */
            version: string;
        };
        /** @description The version in which something is resolved. */
        ResolvedInChange: {
            /** @description The target label that names versions. `version` by default. */
            label?: string | null;
            /** @description The version. By default the latest that a target of the error's service has. */
            version?: string | null;
        };
        /** @description How long things are kept, in seconds, and how much of them. */
        Retention: {
            /**
             * Format: double
             * @description Who changed what.
             */
            activity_seconds: number;
            /**
             * Format: int64
             * @description Bytes of samples beyond which days are thinned.
             */
            occurrences_bytes: number;
            /**
             * Format: double
             * @description Samples.
             */
            occurrences_seconds: number;
            /**
             * Format: double
             * @description Counts by the hour and the day.
             */
            rollups_seconds: number;
            /**
             * Format: double
             * @description Counts by target. Older counts stand under no target.
             */
            targets_seconds: number;
            /**
             * Format: double
             * @description Counts and coverage.
             */
            time_seconds: number;
        };
        /** @description The running configuration. */
        RunningConfig: {
            /** @description The file as it was loaded, secrets hidden. */
            yaml: string;
        };
        /** @description The search index, which follows what is stored. */
        Search: {
            /**
             * @description Every sample is found but those of the last second or two. False while the index is made anew or catches up after a
             *     start: searches then answer from what is indexed.
             */
            complete: boolean;
            /**
             * Format: double
             * @description How much of the stored samples is indexed, from 0 to 1.
             */
            indexed_ratio: number;
            /**
             * Format: int64
             * @description Samples that can be found.
             */
            occurrences: number;
            /** @description Days that can be searched. */
            partitions: number;
            /** @description Days whose index is incomplete. */
            partitions_rebuilding: number;
        };
        /** @description Samples for which a query holds. */
        SearchAnswer: {
            /**
             * @description What is counted: always `samples`, which clients send of some of the events only.
             * @example samples
             */
            counted: string;
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /** @description How much of what is stored was searched. */
            indexed: components["schemas"]["Indexed"];
            /** @description `cursor` of the next, older page; null when this is the last. */
            next_cursor?: string | null;
            /** @description The samples, newest first. */
            occurrences: components["schemas"]["Hit"][];
            /**
             * Format: date-time
             * @description Begin of the range; null from the oldest sample on.
             */
            start?: string | null;
            summary?: null | components["schemas"]["Summary"];
        };
        /** @description Counts over time. */
        Series: {
            /** @description Count of each bucket. */
            counts: number[];
            /**
             * @description How much of each bucket's count stands in this bucket by estimate, because it fell into an unwatched gap that
             *     reaches beyond the bucket. Empty when that is nothing in any bucket.
             */
            estimated: number[];
            /**
             * Format: int64
             * @description Sum of `estimated`.
             */
            estimated_total: number;
            /**
             * Format: int64
             * @description Sum of `counts`.
             */
            total: number;
        };
        /** @description One service. */
        Service: {
            /** @description Its errors. */
            aggregates: {
                /**
                 * Format: int64
                 * @description First seen within 24 hours.
                 */
                new: number;
                /**
                 * Format: int64
                 * @description In the state open.
                 */
                open: number;
                /**
                 * Format: int64
                 * @description Open again after they were resolved.
                 */
                regressed: number;
                /**
                 * Format: int64
                 * @description Ever seen.
                 */
                total: number;
            };
            /**
             * Format: int64
             * @description How often anything happened in the range.
             */
            count: number;
            /**
             * Format: int64
             * @description How much of `count` is in the range by estimate.
             */
            estimated: number;
            /**
             * Format: date-time
             * @description Begin of the last scrape of any of its targets; null before the first.
             */
            last_scrape?: string | null;
            /** @description Its configured name. */
            name: string;
            /**
             * Format: double
             * @description How often anything happened in a second, over the last 5 minutes, whatever the range.
             */
            rate_per_second: number;
            /** @description Counts over the range. */
            sparkline: components["schemas"]["Sparkline"];
            /** @description Its targets. */
            targets: components["schemas"]["ServiceTargets"];
        };
        /** @description All services. */
        ServiceList: {
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /** @description In the order of their names. */
            services: components["schemas"]["Service"][];
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
        };
        /** @description Targets of a service. */
        ServiceTargets: {
            /** @description Those that discovery lists. */
            total: number;
            /** @description Those whose last scrape succeeded. */
            up: number;
        };
        /** @description A piece of one text. It is data: clients' texts may look like markup and are none. */
        Snippet: {
            /** @description Text after it was left out. */
            cut_after: boolean;
            /** @description Text before it was left out. */
            cut_before: boolean;
            /** @description Which text: `class`, `message`, `cause`, `stack`, `url`, `method` or `header`. */
            field: string;
            /** @description The text in parts. */
            parts: components["schemas"]["Part"][];
        };
        /** @description A small series: counts only. */
        Sparkline: {
            /** @description Count of each bucket. */
            counts: number[];
            /**
             * Format: date-time
             * @description Begin of the first bucket.
             */
            start: string;
            /**
             * Format: double
             * @description Length of each bucket in seconds. Buckets are whole and start at round times, so the first and the last may reach
             *     beyond the range.
             */
            step_seconds: number;
        };
        /** @description A state with its conditions. */
        Standing: {
            /**
             * Format: date-time
             * @description Open because it happened too often for a mute: when that was.
             */
            escalated_at?: string | null;
            muted_until?: null | components["schemas"]["MutedUntil"];
            /**
             * Format: date-time
             * @description Open because it happened again after it was resolved: when that was.
             */
            regressed_at?: string | null;
            resolved_in?: null | components["schemas"]["ResolvedIn"];
            /**
             * Format: date-time
             * @description Since when; null if it never changed.
             */
            since?: string | null;
            /** @description `open`, `resolved` or `muted`. */
            state: string;
        };
        /** @description This server. */
        Status: {
            /** @description Backups of this server. */
            backup: components["schemas"]["Backup"];
            /** @description Path of the configuration file. */
            config_file: string;
            /**
             * Format: date-time
             * @description When the running configuration was loaded.
             */
            config_loaded_at: string;
            /** @description Why the last reload failed; null when it did not. */
            config_reload_error?: string | null;
            /** @description Whether the last reload succeeded; when not, an older configuration is running. */
            config_reload_success: boolean;
            /** @description Path of the data directory. */
            data_path: string;
            /**
             * @description What limits cut since the start, by service and kind: `aggregates` that were counted together and `occurrences` that
             *     were not taken,
             *     `truncated` texts, `causes` beyond the depth. Services of which nothing was cut are not here.
             */
            limits_hit: {
                [key: string]: {
                    [key: string]: number;
                };
            };
            outage?: null | components["schemas"]["Outage"];
            /** @description Services that had more errors than their `aggregate_limit` since the start: what is new there is counted together. */
            overflows: components["schemas"]["OverflowedService"][];
            /** @description How long things are kept. */
            retention: components["schemas"]["Retention"];
            /** @description The commit it was built from. */
            revision: string;
            /** @description The search index. */
            search: components["schemas"]["Search"];
            /**
             * Format: date-time
             * @description When it started.
             */
            start_time: string;
            /** @description What is stored. */
            storage: components["schemas"]["Storage"];
            /**
             * Format: double
             * @description How long it has been running, in seconds.
             */
            uptime_seconds: number;
            /**
             * @description Its version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description What is stored. */
        Storage: {
            /**
             * Format: int64
             * @description Errors.
             */
            aggregates: number;
            /**
             * Format: int64
             * @description Last counts that are remembered, one for each process and error.
             */
            baselines: number;
            /**
             * Format: int64
             * @description Number of the last commit.
             */
            commit: number;
            /**
             * Format: int64
             * @description Pages of the database that are damaged, of those that were read since the start. What is in them is not read.
             */
            damaged_pages: number;
            /**
             * Format: int64
             * @description Bytes of the database file on disk.
             */
            database_bytes: number;
            growth?: null | components["schemas"]["Growth"];
            /**
             * Format: int64
             * @description Counts that are not sealed yet.
             */
            head_points: number;
            /**
             * Format: int64
             * @description Processes whose last counts are remembered.
             */
            instances: number;
            /**
             * Format: int64
             * @description Bytes of the samples on disk.
             */
            occurrence_bytes: number;
            /**
             * Format: int64
             * @description Days that have samples.
             */
            occurrence_days: number;
            /**
             * Format: int64
             * @description Those of them that were not seen for some minutes: their last counts are on disk only.
             */
            resting_instances: number;
            /**
             * Format: date-time
             * @description What is before this moment is sealed into its final form; what is after it is in memory and in the log.
             */
            sealed_until: string;
            /**
             * Format: int64
             * @description Different stack traces.
             */
            stacks: number;
            /**
             * Format: int64
             * @description Targets that were ever scraped.
             */
            targets: number;
            /**
             * Format: int64
             * @description Days of which samples were removed to save room, each with newer ones of its error.
             */
            thinned_days: number;
            /**
             * Format: int64
             * @description Samples of those days that were removed.
             */
            thinned_occurrences: number;
        };
        /** @description What may stand there. */
        Suggestion: {
            /**
             * Format: int64
             * @description How many `errors` or `targets` have it; null where that is not known at once.
             */
            count?: number | null;
            /** @description What `count` counts: `errors` or `targets`. */
            counted?: string | null;
            /** @description What it is. */
            name: string;
            /** @description What is written for it: a key with its colon, a value with the quotes it needs. */
            text: string;
        };
        /** @description All matches together. */
        Summary: {
            /** @description The errors with the most matches. */
            aggregates: components["schemas"]["Matched"][];
            /**
             * Format: int64
             * @description How many errors have matches.
             */
            aggregates_total: number;
            /** @description Matches by each facet asked for. */
            facets: components["schemas"]["Facet"][];
            over_time?: null | components["schemas"]["Sparkline"];
            /**
             * Format: int64
             * @description How many samples match.
             */
            total: number;
        };
        /** @description One target. */
        Target: {
            /** @description Its labels as discovered. */
            discovered_labels: components["schemas"]["BTreeMap"];
            /** @description `up` or `down` after the last scrape, `unknown` before the first. */
            health: string;
            /**
             * Format: int32
             * @description Its id; null before its first scrape, and for dropped ones.
             */
            id?: number | null;
            /** @description Its labels after relabelling; empty for dropped ones. */
            labels: components["schemas"]["BTreeMap"];
            /** @description Why the last scrape failed; null when it did not. */
            last_error?: string | null;
            /**
             * Format: date-time
             * @description Begin of the last scrape; null before the first.
             */
            last_scrape?: string | null;
            /**
             * Format: int64
             * @description Bytes of the last body, decompressed.
             */
            last_scrape_body_bytes: number;
            /**
             * Format: double
             * @description How long the last scrape took, in seconds.
             */
            last_scrape_duration_seconds: number;
            /**
             * @description Time from one scrape to the next, as a duration; empty for dropped ones.
             * @example 15s
             */
            scrape_interval: string;
            /**
             * @description Time after which a scrape is given up, as a duration; empty for dropped ones.
             * @example 10s
             */
            scrape_timeout: string;
            /** @description The URL that is scraped; empty for dropped ones. */
            scrape_url: string;
            /** @description Name of its service. */
            service: string;
            /** @description `active` or `dropped`. */
            state: string;
        };
        /** @description Targets that discovery lists. */
        Targets: {
            /** @description How many relabelling dropped in all; not all of them are kept. */
            dropped_total: number;
            /** @description The targets. */
            targets: components["schemas"]["Target"][];
        };
        /** @description The most frequent groups. */
        TopAnswer: components["schemas"]["Counted"] & {
            /** @description What is told apart, as asked. */
            by: string;
            /**
             * Format: date-time
             * @description End of the range, not in it.
             */
            end: string;
            /** @description The groups, most frequent first; those that did not happen in the range are not here. */
            groups: components["schemas"]["Group"][];
            /**
             * Format: int64
             * @description All groups together that are not in `groups`.
             */
            other: number;
            /**
             * Format: date-time
             * @description Begin of the range.
             */
            start: string;
            /**
             * Format: int64
             * @description All groups together.
             */
            total: number;
        };
        /** @description What came of taking an activity back. */
        Undone: {
            /**
             * Format: int64
             * @description The activity that this left; null when nothing changed.
             */
            activity?: number | null;
            /**
             * Format: int64
             * @description How many errors that changed; what was changed again since stays as it is.
             */
            changed: number;
            /**
             * Format: int64
             * @description The activity that was taken back.
             */
            undoes: number;
        };
        /** @description One value of a label. */
        ValueCount: {
            /**
             * Format: int64
             * @description How often it happened there.
             */
            count: number;
            /** @description The value; empty for targets without this label. */
            value: string;
        };
        /** @description What looking through everything comes to: a line for each thing that is wrong, and at last one that says what was looked at. */
        VerifyLine: {
            /** @description The row's key; empty where the whole table is meant. */
            key: string;
            /** @description The table, or the file. */
            table: string;
            /** @description What is wrong. */
            what: string;
        } | {
            /**
             * Format: int64
             * @description Number of the last commit that was looked at.
             */
            commit: number;
            /** @description Why it broke off; null when it did not. */
            error?: string | null;
            /**
             * Format: int64
             * @description How much is wrong.
             */
            findings: number;
            /**
             * Format: int64
             * @description Samples that can be read.
             */
            occurrences: number;
            /**
             * Format: int64
             * @description Rows of all tables.
             */
            rows: number;
            /**
             * Format: double
             * @description How long it took.
             */
            seconds: number;
        };
        /** @description A name for a query with a range and an order. */
        View: {
            /** @description It is always there and can not be changed. */
            builtin: boolean;
            /** @description End of the range; null for now. */
            end?: string | null;
            /**
             * Format: int64
             * @description How many errors the query selects now, whenever they happened; null when it can not be answered, as that of `mine` when
             *     nobody says who asks.
             */
            errors?: number | null;
            /**
             * @description Its name, unique.
             * @example payments this week
             */
            name: string;
            /**
             * @description The query.
             * @example is:open label.team:payments
             */
            query: string;
            /**
             * Format: date-time
             * @description When; null for a built-in one.
             */
            saved_at?: string | null;
            /** @description Who saved it, empty if they gave no name; null for a built-in one. */
            saved_by?: string | null;
            /** @description The order of the list: `last_seen`, `first_seen`, `count` or `trend`; null for the usual one. */
            sort?: string | null;
            /**
             * @description Begin of the range; null for the usual one.
             * @example now-7d
             */
            start?: string | null;
        };
        /** @description All views. */
        ViewList: {
            /** @description The built-in ones first, then the saved ones by name. */
            views: components["schemas"]["View"][];
        };
        /** @description A view to save. */
        ViewToSave: {
            /** @description End of the range. Now by default. */
            end?: string | null;
            /** @description Its name, at most 100 characters. In a PUT it stands in the path. */
            name?: string | null;
            /** @description The query. */
            query: string;
            /** @description The order of the list: `last_seen`, `first_seen`, `count` or `trend`. */
            sort?: string | null;
            /** @description Begin of the range: `now-7d`, RFC 3339 or Unix seconds. The usual one by default. */
            start?: string | null;
        };
        /** @description Who asks, and what they may do. */
        Whoami: {
            /** @description Whether they may do what operators do. */
            may_admin: boolean;
            /** @description Whether they may change states, labels, assignees, notes and views. */
            may_triage: boolean;
            /**
             * @description How the name is known: `password`, `token`, `proxy`, or `anonymous` when nobody has checked it.
             * @example password
             */
            method: string;
            /**
             * @description The name that stands in the activity: that of the login, `token:NAME` of an API token, or else what the header
             *     `X-Hydrophone-User` says, which nobody has checked. Empty when it says nothing.
             * @example ada
             */
            name: string;
            /**
             * @description What they may do: `read`, `triage` (states, labels, assignees, notes, views) or `admin` (backups, reload). Each may do what
             *     those before it may.
             * @example triage
             */
            role: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listActivity: {
        parameters: {
            query?: {
                /** @description Only by this person; `me` is whoever asks. */
                actor?: string;
                /** @description `next_cursor` of the page before. The first page by default. */
                cursor?: string;
                /** @description Only before this. Now by default. */
                end?: string;
                /** @description Entries on a page, 1 to 1000. 50 by default. */
                limit?: number;
                /**
                 * @description Only activity of errors that this query selects. All by default.
                 * @example label.team:payments
                 */
                q?: string;
                /**
                 * @description Only for this reason: `edit`, `bulk`, `periskop`, `undo`, `rule`, `regression`, `escalation`, `mute_time`,
                 *     `mute_count`, `silence` or `import`.
                 * @example regression
                 */
                reason?: string;
                /**
                 * @description Only since then: `now-24h`, RFC 3339 or Unix seconds. Since ever by default.
                 * @example now-7d
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of activity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getActivity: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. The first page by default. */
                cursor?: string;
                /** @description Entries on a page, 1 to 1000. 50 by default. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The activity's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The activity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Entry"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    undoActivity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who asks, for the activity */
                "x-hydrophone-user"?: string | null;
            };
            path: {
                /** @description The activity's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was taken back */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Undone"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    takeBackup: {
        parameters: {
            query?: {
                /**
                 * @description Bytes that are read in a second at most, such as 32MiB, so that scraping does not notice; 0 is as fast as it goes.
                 *     32MiB by default.
                 */
                rate?: string;
                /** @description Copy the search index, too. Without it a server makes it anew. */
                with_index?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zstd": unknown;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is wrong */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["VerifyLine"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAggregates: {
        parameters: {
            query?: {
                /** @description `true` also lists errors that did not happen in the range. `false` by default. */
                all?: boolean;
                /** @description `next_cursor` of the page before. The first page by default. */
                cursor?: string;
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description Only these errors of what `q` selects: up to 1000 ids with commas between.
                 * @example 17,4,211
                 */
                ids?: string;
                /** @description Errors on a page, 1 to 1000. 50 by default. */
                limit?: number;
                /** @description `true` also names all errors of the list in their order. `false` by default. */
                order?: boolean;
                /**
                 * @description Which errors, in the query language, such as `service:checkout -severity:info (class:*Timeout* OR "timed out")`.
                 *     All by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description The order, largest first: `last_seen` (default), `first_seen`, `count` in the range, or `trend`, which is how surely
                 *     it happened more often in the range than in the range of equal length before: (now - before) / sqrt(now + before).
                 * @example count
                 */
                sort?: string;
                /** @description Buckets of each error's sparkline at most, 0 to 200. 0, which is no sparkline, by default. */
                sparkline?: number;
                /**
                 * @description Begin of the range of the counts: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of errors */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AggregateList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAggregate: {
        parameters: {
            query?: {
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Buckets of the sparkline at most, 0 to 200. 0, which is no sparkline, by default. */
                sparkline?: number;
                /**
                 * @description Begin of the range of the count: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path: {
                /** @description The error's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The error */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AggregateDetail"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeAggregate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the error has to have */
                "if-match"?: string | null;
                /** @description Who asks, for the activity */
                "x-hydrophone-user"?: string | null;
            };
            path: {
                /** @description The error's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ErrorChange"];
            };
        };
        responses: {
            /** @description The error after the change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listErrorActivity: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. The first page by default. */
                cursor?: string;
                /** @description Entries on a page, 1 to 1000. 50 by default. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The error's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of its activity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityList"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDistribution: {
        parameters: {
            query?: {
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path: {
                /** @description The error's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts by each label */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Distribution"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOccurrences: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. The newest samples by default. */
                cursor?: string;
                /** @description Samples on a page, 1 to 100. 20 by default. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The error's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of samples */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Occurrences"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeAggregates: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who asks, for the activity */
                "x-hydrophone-user"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkChange"];
            };
        };
        responses: {
            /** @description How many were changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkChanged"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    undoBulkChange: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who asks, for the activity */
                "x-hydrophone-user"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was taken back */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Undone"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getConfig: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The configuration */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunningConfig"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listFacets: {
        parameters: {
            query?: {
                /** @description `true` also counts errors that did not happen in the range. `false` by default. */
                all?: boolean;
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Values of each facet, 1 to 1000. 20 by default. */
                limit?: number;
                /**
                 * @description Of which errors, in the query language. All by default.
                 * @example is:open
                 */
                q?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The facets */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorFacets"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLabels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Their names */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabelNames"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLabelValues: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The label, such as `target.version` */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its values */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabelValues"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    searchOccurrences: {
        parameters: {
            query?: {
                /** @description How many of the errors that the matches belong to are listed, 0 to 100. 0 by default. */
                aggregates?: number;
                /**
                 * @description Buckets of the matches over time at most, 0 to 200. Buckets are whole, and the answer's range is theirs. 0, which is
                 *     none, by default.
                 */
                buckets?: number;
                /** @description `next_cursor` of the page before. The newest samples by default. */
                cursor?: string;
                /**
                 * @description End of the range, not in it. To the newest sample by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description By what all matches are counted, apart by commas: `service`, `class`, `severity`, `state`, `target.NAME`, `label.NAME`. Nothing
                 *     by default.
                 * @example service,class,target.zone
                 */
                facets?: string;
                /** @description Samples on a page, 0 to 100. 20 by default. */
                limit?: number;
                /**
                 * @description Which samples, in the query language, such as `service:checkout "connection refused" -url:/health`. All by default.
                 * @example service:checkout "connection refused"
                 */
                q?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. From the oldest sample on by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of samples */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchAnswer"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOccurrence: {
        parameters: {
            query?: {
                /**
                 * @description `json` or `markdown`. What the header `Accept` says by default, and JSON otherwise.
                 * @example markdown
                 */
                format?: string;
            };
            header?: never;
            path: {
                /** @description The sample's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sample */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OccurrenceDetail"];
                    "text/markdown": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    completeQuery: {
        parameters: {
            query?: {
                /** @description Where in it the cursor is, in characters from 0. At its end by default. */
                cursor?: number;
                /**
                 * @description The query as it is typed so far; it may be incomplete.
                 * @example service:che
                 */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Suggestions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Completion"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRange: {
        parameters: {
            query?: {
                /**
                 * @description Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
                 *     UTC by default.
                 * @example +02:00
                 */
                align?: string;
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
                 * @example service
                 */
                by?: string;
                /**
                 * @description End of the range. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
                /**
                 * @description Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
                 *     buckets.
                 * @example 10m
                 */
                step?: string;
                /** @description How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default. */
                top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Series */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RangeAnswer"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLabelReport: {
        parameters: {
            query: {
                /**
                 * @description The annotation label whose values are told apart, such as `team`.
                 * @example team
                 */
                by: string;
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description Of which errors, in the query language. All by default.
                 * @example severity:error
                 */
                q?: string;
                /**
                 * @description Begin of the range: `now-7d`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-7d
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LabelReport"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listServices: {
        parameters: {
            query?: {
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All services */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceList"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTargets: {
        parameters: {
            query?: {
                /**
                 * @description Only targets of this service. All services by default.
                 * @example checkout
                 */
                service?: string;
                /**
                 * @description Which targets: `active`, which are scraped, `dropped` by relabelling, or `any` (default).
                 * @example active
                 */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The targets */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Targets"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTargetHistory: {
        parameters: {
            query?: {
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path: {
                /** @description The target's id */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its scrapes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTop: {
        parameters: {
            query?: {
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate` (default), `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label).
                 * @example aggregate
                 */
                by?: string;
                /**
                 * @description End of the range, not in it. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description How many groups are told apart, 1 to 1000. 20 by default. */
                limit?: number;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopAnswer"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listViews: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who asks, for the view `mine` */
                "x-hydrophone-user"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The views */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ViewList"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addView: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who saves it */
                "x-hydrophone-user"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewToSave"];
            };
        };
        responses: {
            /** @description The view */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getView: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The view's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The view */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replaceView: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who saves it */
                "x-hydrophone-user"?: string | null;
            };
            path: {
                /** @description The view's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ViewToSave"];
            };
        };
        responses: {
            /** @description The view */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeView: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The view's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWhoami: {
        parameters: {
            query?: never;
            header?: {
                /** @description The name of somebody who did not log in */
                "x-hydrophone-user"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who asks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Whoami"];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRangePng: {
        parameters: {
            query?: {
                /**
                 * @description Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
                 *     UTC by default.
                 * @example +02:00
                 */
                align?: string;
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
                 * @example service
                 */
                by?: string;
                /**
                 * @description End of the range. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Height in pixels, 240 to 2000; a legend that has no room is cut. By default what plot and legend need. */
                height?: number;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Pixels of a PNG for each of `width` and `height`, 1 to 3: with 2 it is sharp on dense screens. 1 by default. A PNG has
                 *     at most 8 million pixels; an SVG has none.
                 */
                scale?: number;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
                /**
                 * @description Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
                 *     buckets.
                 * @example 10m
                 */
                step?: string;
                /**
                 * @description Colours: `light`, which is the default, or `dark`.
                 * @example dark
                 */
                theme?: string;
                /**
                 * @description Time zone of all times in the picture, an IANA name. UTC by default. Where `align` is not given, buckets start at
                 *     whole steps there, by its offset from UTC at the end of the range.
                 * @example Europe/Berlin
                 */
                timezone?: string;
                /**
                 * @description Title, at most 200 characters. By default what is told apart.
                 * @example Checkout after the release
                 */
                title?: string;
                /** @description How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default. */
                top?: number;
                /** @description Width in pixels, 300 to 3000. 960 by default. */
                width?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": number[];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRangeSvg: {
        parameters: {
            query?: {
                /**
                 * @description Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
                 *     UTC by default.
                 * @example +02:00
                 */
                align?: string;
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
                 * @example service
                 */
                by?: string;
                /**
                 * @description End of the range. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Height in pixels, 240 to 2000; a legend that has no room is cut. By default what plot and legend need. */
                height?: number;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Pixels of a PNG for each of `width` and `height`, 1 to 3: with 2 it is sharp on dense screens. 1 by default. A PNG has
                 *     at most 8 million pixels; an SVG has none.
                 */
                scale?: number;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
                /**
                 * @description Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
                 *     buckets.
                 * @example 10m
                 */
                step?: string;
                /**
                 * @description Colours: `light`, which is the default, or `dark`.
                 * @example dark
                 */
                theme?: string;
                /**
                 * @description Time zone of all times in the picture, an IANA name. UTC by default. Where `align` is not given, buckets start at
                 *     whole steps there, by its offset from UTC at the end of the range.
                 * @example Europe/Berlin
                 */
                timezone?: string;
                /**
                 * @description Title, at most 200 characters. By default what is told apart.
                 * @example Checkout after the release
                 */
                title?: string;
                /** @description How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default. */
                top?: number;
                /** @description Width in pixels, 300 to 3000. 960 by default. */
                width?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLabelReportPng: {
        parameters: {
            query?: {
                /**
                 * @description Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
                 *     UTC by default.
                 * @example +02:00
                 */
                align?: string;
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
                 * @example service
                 */
                by?: string;
                /**
                 * @description End of the range. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Height in pixels, 240 to 2000; a legend that has no room is cut. By default what plot and legend need. */
                height?: number;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Pixels of a PNG for each of `width` and `height`, 1 to 3: with 2 it is sharp on dense screens. 1 by default. A PNG has
                 *     at most 8 million pixels; an SVG has none.
                 */
                scale?: number;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
                /**
                 * @description Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
                 *     buckets.
                 * @example 10m
                 */
                step?: string;
                /**
                 * @description Colours: `light`, which is the default, or `dark`.
                 * @example dark
                 */
                theme?: string;
                /**
                 * @description Time zone of all times in the picture, an IANA name. UTC by default. Where `align` is not given, buckets start at
                 *     whole steps there, by its offset from UTC at the end of the range.
                 * @example Europe/Berlin
                 */
                timezone?: string;
                /**
                 * @description Title, at most 200 characters. By default what is told apart.
                 * @example Checkout after the release
                 */
                title?: string;
                /** @description How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default. */
                top?: number;
                /** @description Width in pixels, 300 to 3000. 960 by default. */
                width?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": number[];
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLabelReportSvg: {
        parameters: {
            query?: {
                /**
                 * @description Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
                 *     UTC by default.
                 * @example +02:00
                 */
                align?: string;
                /**
                 * @description What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
                 *     `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
                 * @example service
                 */
                by?: string;
                /**
                 * @description End of the range. Now by default.
                 * @example now
                 */
                end?: string;
                /** @description Height in pixels, 240 to 2000; a legend that has no room is cut. By default what plot and legend need. */
                height?: number;
                /**
                 * @description What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
                 *     Everything by default.
                 * @example service:checkout is:open
                 */
                q?: string;
                /**
                 * @description Pixels of a PNG for each of `width` and `height`, 1 to 3: with 2 it is sharp on dense screens. 1 by default. A PNG has
                 *     at most 8 million pixels; an SVG has none.
                 */
                scale?: number;
                /**
                 * @description Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
                 * @example now-24h
                 */
                start?: string;
                /**
                 * @description Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
                 *     buckets.
                 * @example 10m
                 */
                step?: string;
                /**
                 * @description Colours: `light`, which is the default, or `dark`.
                 * @example dark
                 */
                theme?: string;
                /**
                 * @description Time zone of all times in the picture, an IANA name. UTC by default. Where `align` is not given, buckets start at
                 *     whole steps there, by its offset from UTC at the end of the range.
                 * @example Europe/Berlin
                 */
                timezone?: string;
                /**
                 * @description Title, at most 200 characters. By default what is told apart.
                 * @example Checkout after the release
                 */
                title?: string;
                /** @description How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default. */
                top?: number;
                /** @description Width in pixels, 300 to 3000. 960 by default. */
                width?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            /** @description Who asks is not known, and has to be */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Who asks may not do this, or a page of another site asks */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many wrong passwords, or more requests than are allowed: `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the server can not answer now, 500 when it failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
