"""Deploys functions: read, plan, execute.

A deployment passes through stages; each has one module and one rule about what it may do.

1. **settings** reads deploy.toml, merged for one environment. It reads files of the project only.

2. **bundle/** builds the files of each function and a digest of them: `imports` follows the imports
   of the source, `requirements` resolves packages against the lock, `entrypoint` renders main.py,
   `build` assembles them. It reads the project, writes nothing and contacts no platform.

3. **workload** joins a bundle with the limits of its function.toml. Values only.

4. **targets/** describe the platforms. Each implements the Protocol `plan.Target`:

   - `settings`: deploy.toml for the chosen environment; `schedule_key`: the name of the secret that
     authorizes scheduled calls; `service_name`: a function's name at the platform.
   - `validate` returns the reasons for which the platform would reject a function, so that all of
     them are reported before anything is done.
   - `read_state` queries the platform for services, names of secrets and schedules, and
     `read_revisions` for the deployments of one that it keeps. They are the only members that
     contact it, and change nothing.
   - `plan_rollout`, `plan_rollback` and `plan_removal` compute steps. They start no program and
     write no file.
   - `secret_command` is the command to show when a secret is missing.

   `targets/container` has no remote state: it plans a build context in a local folder.

5. **service_environment** decides which variables and secrets a function gets, and which of the
   required ones are missing.

6. **plan** diffs the request against the current state. The result is data: a `Plan` of `Change`s,
   each with a verdict and its **steps** (`Write` replaces a folder, `Run` starts a program). A
   service that belongs to another project or environment is never changed.

7. **rendering** prints a plan as shell commands: `--plan` ends here. What it prints is exactly what
   would be executed.

8. **execute** is the only stage that changes anything. It performs the steps of each change in
   order, several changes at once. Secrets are read here, at the moment a step needs one, and
   replace the placeholder `SECRET` in its standard input; they are in no plan, argument or file.
"""
