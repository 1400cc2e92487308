using System.CommandLine;
using System.Globalization;
using PtaKernels.Cli.Verify;
using PtaKernels.Cli.Verify.Random;

namespace PtaKernels.Cli;

/// <summary><c>pta verify</c>: golden files of the official code, or random problems, against a backend.</summary>
internal static class VerifyCommand
{
    private const int Skips = 3;

    /// <summary>Seed of the first random problems where none is given.</summary>
    private const int UsualSeed = 1;

    public static Command Create()
    {
        var common = new CommonOptions();
        var golden = new Option<string?>("--golden") { Description = "folder of golden files (align.*, dtw.*, sinkhorn.*, ...)", HelpName = "dir" };
        var vocabularies = new Option<string?>("--vocab") { Description = "folder of vocabularies, NAME.json or NAME.json.gz; default: DIR/vocab", HelpName = "dir" };
        var sample = new Option<int>("--sample") { Description = "check every k-th row of each golden file", HelpName = "k", DefaultValueFactory = static _ => 1 };
        var random = new Option<long?>("--random") { Description = "compare with another backend on n random problems per kernel", HelpName = "n" };
        var against = new Option<string?>("--against") { Description = "the backend whose answers to random problems count; default: native, or reference where native is what is checked or does not run", HelpName = "name" };
        var seed = new Option<int>("--seed") { Description = "seed of the first random problems", HelpName = "s", DefaultValueFactory = static _ => UsualSeed };
        var kernels = new Option<string[]>("--kernel") { Description = $"kernels to draw random problems for [{string.Join(" | ", RandomKernel.All.Select(static k => k.Id))}]; default: all", HelpName = "name", AllowMultipleArgumentsPerToken = true };
        var allowSkips = new Option<bool>("--allow-skips") { Description = "rows that cannot be checked here are no failure" };
        var verb = new Verb(
            "verify", "Check a backend against golden files made by the official code, or against another backend on random problems; exit status 1 on a failure, 2 without golden files, 3 on skipped rows.",
            "pta verify --golden tests/golden --vocab samples/vocab",
            "pta verify --random 1000000 --backend ilgpu-cuda --against native",
            "pta verify --random 500 --kernel official-transport alignment-path --backend ilgpu-cpu --seed 7")
        {
            golden, vocabularies, sample, random, against, seed, kernels, common.Backend, allowSkips, common.Json,
        };
        verb.SetAction(parse =>
        {
            var request = new Request(
                parse.GetValue(golden), parse.GetValue(vocabularies), parse.GetValue(sample), parse.GetValue(random), parse.GetValue(against), parse.GetValue(seed), parse.GetValue(kernels) ?? [],
                parse.GetValue(allowSkips), parse.GetValue(common.Json));
            if (request.Golden is null && request.Random is null)
            {
                parse.InvocationConfiguration.Error.WriteLine("pta: Option '--golden' is required, or '--random'. Type `pta verify --help` for what it takes.");
                return Program.Usage;
            }

            Require(request);
            return Run(Terminal.Of(parse), common.OpenBackend(parse), request);
        });
        return verb;
    }

    /// <summary>Checks a backend that is open already.</summary>
    internal static int Run(Terminal terminal, IKernelBackend backend, Request request)
    {
        GoldenRun? golden = null;
        if (request.Golden is { } folder)
        {
            if (!Directory.Exists(folder))
            {
                terminal.Errors.WriteLine($"pta: {folder}: no such folder.");
                return Program.Usage;
            }

            var context = new GoldenContext(backend, new VocabularyFolder(request.Vocabularies ?? Path.Combine(folder, "vocab")), folder);
            golden = new GoldenRun(context, request.Json ? TextWriter.Null : terminal.Output, terminal.Errors, request.Sample);
            golden.Run(folder);
            if (golden.Files == 0)
            {
                terminal.Errors.WriteLine($"pta: {folder} holds no golden files (align.*.jsonl.gz, dtw.jsonl.gz, sinkhorn.jsonl.gz, ...).");
                return Program.Usage;
            }
        }

        RandomResult[] drawn = [];
        string? against = null;
        if (request.Random is { } problems)
        {
            IKernelBackend other = OpenOther(request.Against, backend);
            against = other.Name;
            drawn = RunRandom(terminal, backend, other, request, problems);
        }

        return Report(terminal, backend, golden, drawn, against, request);
    }

    private static RandomResult[] RunRandom(Terminal terminal, IKernelBackend backend, IKernelBackend other, Request request, long problems)
    {
        var run = new RandomRun(backend, other, request.Seed);
        IEnumerable<RandomKernel> kernels = request.Kernels.Length == 0 ? RandomKernel.All : request.Kernels.Select(RandomKernel.Named).Distinct();
        var results = new List<RandomResult>();
        foreach (RandomKernel kernel in kernels)
        {
            int shown = run.Differences.Count;
            RandomResult result = run.Run(kernel, problems, terminal);
            results.Add(result);
            if (!request.Json)
                terminal.Output.WriteLine(result);
            foreach (string difference in run.Differences.Skip(shown))
                terminal.Errors.WriteLine(difference);
        }

        return [.. results];
    }

    private static int Report(Terminal terminal, IKernelBackend backend, GoldenRun? golden, RandomResult[] drawn, string? against, Request request)
    {
        long passed = (golden?.Passed ?? 0) + drawn.Sum(static r => r.Passed), failed = (golden?.Failed ?? 0) + drawn.Sum(static r => r.Failed), skipped = golden?.Skipped ?? 0;
        if (request.Json)
        {
            var json = new Dictionary<string, object> { ["backend"] = backend.Name, ["passed"] = passed, ["failed"] = failed, ["skipped"] = skipped };
            if (golden is not null)
                json["files"] = golden.Results.Select(static r => new { r.File, r.Passed, r.Failed, r.Skipped });
            if (against is not null)
            {
                json["against"] = against;
                json["seed"] = request.Seed;
                json["random"] = drawn.Select(static r => new { r.Kernel, r.Problems, r.Differences, r.Ties, Seconds = Math.Round(r.Seconds, 3) });
            }

            terminal.WriteJson(json);
        }
        else
        {
            terminal.Output.WriteLine($"{passed} passed, {failed} failed{(skipped > 0 ? $", {skipped} skipped" : "")}");
        }

        if (failed > 0)
            return Program.Failed;
        if (skipped == 0 || request.AllowSkips)
            return 0;
        terminal.Errors.WriteLine($"pta: {skipped} rows were skipped; add --allow-skips to accept that.");
        return Skips;
    }

    /// <summary>What the values given must be, before a backend is opened.</summary>
    private static void Require(Request request)
    {
        if (request.Sample < 1)
            throw new ArgumentException($"--sample is {request.Sample}; it must be 1 or more.");
        if (request.Random is < 1)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"--random is {request.Random}; it must be 1 or more."));
        foreach (string kernel in request.Kernels)
            RandomKernel.Named(kernel);
        string? needless = request.Random is not null ? null : request.Against is not null ? "--against" : request.Kernels.Length > 0 ? "--kernel" : null;
        if (needless is not null)
            throw new ArgumentException($"{needless} is about random problems; say how many with --random.");
    }

    private static IKernelBackend OpenOther(string? name, IKernelBackend backend)
    {
        const string Native = "native", Plain = "reference";
        name ??= backend.Name != Native && Backends.Backends.WhyUnavailable(Native) is null ? Native : Plain;
        IKernelBackend other = Backends.Backends.Open(name);
        return other.Name != backend.Name ? other : throw new ArgumentException($"--against {other.Name} compares backend {backend.Name} with itself; name another one.");
    }

    /// <summary>What was asked for.</summary>
    /// <param name="Golden">Folder of golden files, or null.</param>
    /// <param name="Vocabularies">Folder of their vocabularies; null stands for DIR/vocab.</param>
    /// <param name="Sample">Every how many rows one is checked.</param>
    /// <param name="Random">Random problems per kernel, or null.</param>
    /// <param name="Against">Backend to compare with, or null for the usual one.</param>
    /// <param name="Seed">Seed of the first problems.</param>
    /// <param name="Kernels">Kernels by name; none means all.</param>
    /// <param name="AllowSkips">Rows that cannot be checked are no failure.</param>
    /// <param name="Json">Write JSON.</param>
    internal sealed record Request(string? Golden, string? Vocabularies, int Sample, long? Random, string? Against, int Seed, string[] Kernels, bool AllowSkips, bool Json);
}
