using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using PtaKernels.Cli;

namespace PtaKernels.Effect;

/// <summary><c>pta-effect run</c>: the whole study, resumable; <c>pta-effect seed</c>: one seed of it.</summary>
internal static class RunCommand
{
    private const string DefaultFolder = "artifacts/effect";

    /// <summary>Seeds with the first set of teachers and seeds with the second.</summary>
    private const string DefaultSeeds = "1,4,2,5,3";

    /// <summary>The study.</summary>
    public static Verb Create()
    {
        Option<string> output = Output(), seeds = new("--seeds") { Description = $"seeds, in the order in which they are run; default {DefaultSeeds}", HelpName = "list", DefaultValueFactory = static _ => DefaultSeeds };
        Option<string?> methods = Methods();
        Option<double?> rate = Rate("--rate", "with teachers"), controlRate = Rate("--control-rate", "without teachers");
        Option<int> tier = Tier(), jobs = ValueOption.Count("--jobs", "seeds at once, each a process with its share of the cores", 2);
        var results = new Option<string?>("--results") { Description = "write what was measured to this JSON file", HelpName = "file" };
        var verb = new Verb("run", "Train every student of every seed that is missing, and put the results together. The same command goes on where it was stopped or killed.", "pta-effect run --results results.json") { output, seeds, tier, methods, rate, controlRate, jobs, results };
        verb.TimeToStop = TimeSpan.FromMinutes(2);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            Study study = Open(terminal, parse.GetValue(output)!, cancellation);
            int[] asked = [.. parse.GetValue(seeds)!.Split(',').Select(static s => int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out int seed) && seed > 0 ? seed : throw new ArgumentException($"--seeds: '{s}' is no seed; give whole numbers over 0."))];
            string? named = parse.GetValue(methods);
            StudyRows rows = RowsOf(named, parse.GetValue(tier));
            study.Prepare(asked, rows, cancellation);
            (LearningRates rates, TriedRate[] tried) = RatesOf(study, rows, parse.GetValue(rate), parse.GetValue(controlRate), cancellation);
            if (named is not null)
                RunSeeds(study.Folder, asked, ["--methods", named, .. Given(rates)], parse.GetValue(jobs), cancellation);
            else
            {
                for (int t = 0; t <= parse.GetValue(tier); t++)
                    RunSeeds(study.Folder, asked, ["--tier", $"{t}", .. Given(rates)], parse.GetValue(jobs), cancellation);
            }

            var all = new StudyResults();
            foreach (int seed in asked.Order())
                all.Add(seed, new StudySeed(study, seed).Run(rows, rates, cancellation));
            if (parse.GetValue(results) is { } file)
                all.Results(rows.Methods, rates, tried, "scripts/effect run" + (named is null ? "" : $" --methods {named}")).Write(file);
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>One seed.</summary>
    public static Verb CreateSeed()
    {
        Option<string> output = Output();
        Option<string?> methods = Methods();
        Option<double?> rate = Rate("--rate", "with teachers"), controlRate = Rate("--control-rate", "without teachers");
        Option<int> tier = Tier(), seed = ValueOption.Count("--seed", "which", 1);
        var verb = new Verb("seed", "Train the students of one seed.", "pta-effect seed --seed 1") { output, seed, tier, methods, rate, controlRate };
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            Study study = Open(Terminal.Of(parse), parse.GetValue(output)!, cancellation);
            StudyRows rows = RowsOf(parse.GetValue(methods), parse.GetValue(tier));
            new StudySeed(study, parse.GetValue(seed)).Run(rows, RatesOf(study, rows, parse.GetValue(rate), parse.GetValue(controlRate), cancellation).Chosen, cancellation);
            return 0;
        }, cancellation));
        return verb;
    }

    private static Study Open(Terminal terminal, string folder, CancellationToken cancellation)
    {
        SetupTorchCommand.Ensure(terminal, again: false, cancellation);
        return new Study(Path.GetFullPath(folder), Backends.Backends.Open(null, terminal.Notice), new FuseProgress(terminal));
    }

    private static void RunSeeds(string folder, int[] seeds, string[] options, int jobs, CancellationToken cancellation)
    {
        int failed = 0;
        Parallel.ForEach(Partitioner.Create(seeds, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, jobs), CancellationToken = cancellation }, seed =>
        {
            // libtorch has one pool of threads per process, so that seeds at once need processes of their own.
            var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(RunCommand).Assembly.Location, "seed", "--out", folder, "--seed", $"{seed}", .. options]) { RedirectStandardError = true };
            start.Environment["OMP_NUM_THREADS"] = $"{Math.Max(1, Environment.ProcessorCount / Math.Max(1, jobs))}";
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, line) => Console.Error.WriteLine(line.Data is null ? "" : $"seed {seed}: {line.Data}");
            process.BeginErrorReadLine();
            using CancellationTokenRegistration stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
            process.WaitForExit();
            if (process.ExitCode != 0)
                Interlocked.Exchange(ref failed, seed);
        });
        cancellation.ThrowIfCancellationRequested();
        if (failed != 0)
            throw new AlignmentDataException($"seed {failed} ended with an error, named above; what is finished stays, and the same command goes on from there.");
    }

    private static StudyRows RowsOf(string? methods, int tier) => methods is null ? StudyRows.UpTo(tier) : StudyRows.Named(methods);

    /// <summary>Learning rates: those that were given; for single rows the committed ones; else what trying several tells.</summary>
    private static (LearningRates Chosen, TriedRate[] Tried) RatesOf(Study study, StudyRows rows, double? rate, double? controlRate, CancellationToken cancellation)
    {
        if (rate is { } with && controlRate is { } alone)
            return (new LearningRates(alone, with), []);
        (LearningRates chosen, TriedRate[] tried) = rows.IsWhole ? study.ChooseRates(cancellation) : (LearningRates.Committed(), []);
        return (new LearningRates(controlRate ?? chosen.Alone, rate ?? chosen.WithTeachers), tried);
    }

    private static string[] Given(LearningRates rates) => ["--rate", rates.WithTeachers.ToString("R", CultureInfo.InvariantCulture), "--control-rate", rates.Alone.ToString("R", CultureInfo.InvariantCulture)];

    private static Option<string?> Methods() =>
        new("--methods") { Description = $"only these rows, and beside them {EffectStatistics.Fusion}, what they are changes of, and the controls; --tier says nothing then", HelpName = "list" };

    private static Option<double?> Rate(string name, string which) =>
        new(name) { Description = $"highest learning rate of students {which}; without it the committed results' with --methods, else the best of several that are tried", HelpName = "x" };

    private static Option<string> Output() => new("--out") { Description = $"folder for everything that the study makes; finished parts in it are not made again; default {DefaultFolder}", HelpName = "folder", DefaultValueFactory = static _ => DefaultFolder };

    private static Option<int> Tier() => ValueOption.Count("--tier", "0: the rows that presets are judged by, 1: single changes too, 2: combinations of these too, 3: ideas too", StudyMethods.LastTier);
}
