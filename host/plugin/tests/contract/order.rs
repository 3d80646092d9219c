//! The order of the page: what a reader meets first, and what belongs together.

/// One part of the page.
pub struct Section {
    pub title: &'static str,
    pub about: &'static str,
    /// Each as `interface.item`.
    pub items: &'static [&'static str],
}

pub const SECTIONS: &[Section] = &[
    Section {
        title: "What a plugin provides",
        about: "Five functions and a reader. In the SDKs they are methods of one class, and all but `build_command` have a \
                default.",
        items: &["dcc.describe", "dcc.validate", "dcc.build-command", "dcc.reader", "dcc.judge"],
    },
    Section {
        title: "What it says of itself",
        about: "In Python and JavaScript the attributes of the class are the descriptor, and each has a default.",
        items: &["types.descriptor", "types.tool-spec", "types.level", "types.frame-shape"],
    },
    Section {
        title: "What it is handed",
        about: "Plain data in the SDKs, so that a unit test can make it.",
        items: &[
            "context.job",
            "context.path-rule",
            "context.task",
            "context.tool",
            "context.gpu",
            "context.outcome",
            "context.ended-by",
            "types.frame",
            "types.frame-run",
        ],
    },
    Section {
        title: "The job as it will be kept",
        about: "What `validate` answers: the job, or everything that is wrong with it.",
        items: &["types.prepared-job", "types.problem"],
    },
    Section {
        title: "The command",
        about: "What `build-command` answers. No shell sees it.",
        items: &[
            "types.command",
            "types.env-var",
            "types.text-file",
            "types.output",
            "types.image",
            "types.movie",
            "types.verify-rule",
        ],
    },
    Section {
        title: "What a reader sees",
        about: "In Python and JavaScript each event is a class of its own, and a table of patterns (`lines`) makes most of \
                them.",
        items: &["types.event", "types.fault", "types.severity", "types.cause", "types.fact"],
    },
    Section {
        title: "The verdict",
        about: "What `judge` answers. `policy.standard` in the SDKs is what most DCCs need, and the default.",
        items: &["types.verdict", "types.decision"],
    },
    Section {
        title: "What its tasks need",
        about: "What `needs` answers, once for each level of a job. By default nothing: no GPU, and the memory that the job's \
                attempts turn out to take. [How to say it](how-to.md#say-what-a-task-needs).",
        items: &["needs.needs", "needs.task-needs", "needs.gpu-need"],
    },
    Section {
        title: "Hooks",
        about: "What a plugin has done before and after jobs and tasks. A plugin that has no hooks is not asked.",
        items: &[
            "hooks.before-job",
            "hooks.after-job",
            "hooks.before-task",
            "hooks.after-task",
            "hooks.hook",
            "hooks.action",
            "hooks.program",
            "hooks.new-file",
            "hooks.file-pair",
            "types.on-failure",
            "types.moment",
            "context.hook-script",
            "context.job-end",
        ],
    },
    Section {
        title: "What it may ask of the host",
        about: "What each of these gives depends on what the studio granted: [sandbox.md](sandbox.md).",
        items: &[
            "host.config",
            "host.env",
            "host.read-file",
            "host.read-part",
            "host.file-exists",
            "host.directory-exists",
            "host.list-files",
            "host.log",
            "host.log-level",
        ],
    },
    Section { title: "Errors", about: "", items: &["types.plugin-error"] },
    Section {
        title: "For runners of scripts",
        about: "What a runner, the component that runs Python or JavaScript, asks of the host and is asked. A plugin's author \
                never meets it.",
        items: &[
            "script.main",
            "script.files",
            "script.read",
            "script.compiled",
            "runner.prepare",
            "runner.prepared",
            "runner.unit",
        ],
    },
];
