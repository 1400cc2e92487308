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
        Option<int> tier = Tier(), jobs = ValueOption.Count("--jobs", "seeds at once, each a process with its share of the cores", 2);
        var results = new Option<string?>("--results") { Description = "write what was measured to this JSON file", HelpName = "file" };
        var verb = new Verb("run", "Train every student of every seed that is missing, and put the results together. The same command goes on where it was stopped or killed.", "pta-effect run --results results.json") { output, seeds, tier, jobs, results };
        verb.TimeToStop = TimeSpan.FromMinutes(2);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            Study study = Open(terminal, parse.GetValue(output)!, cancellation);
            int[] asked = [.. parse.GetValue(seeds)!.Split(',').Select(static s => int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out int seed) && seed > 0 ? seed : throw new ArgumentException($"--seeds: '{s}' is no seed; give whole numbers over 0."))];
            study.Prepare(asked, cancellation);
            (LearningRates rates, TriedRate[] tried) = study.ChooseRates(cancellation);
            for (int t = 0; t <= parse.GetValue(tier); t++)
                RunSeeds(study.Folder, asked, t, parse.GetValue(jobs), cancellation);
            StudyMethod[] methods = [.. StudyMethods.UpTo(parse.GetValue(tier))];
            var all = new StudyResults();
            foreach (int seed in asked.Order())
                all.Add(seed, new StudySeed(study, seed).Run(methods, rates, cancellation));
            if (parse.GetValue(results) is { } file)
                all.Results(methods, rates, tried, "scripts/effect run").Write(file);
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>One seed.</summary>
    public static Verb CreateSeed()
    {
        Option<string> output = Output();
        Option<int> tier = Tier(), seed = ValueOption.Count("--seed", "which", 1);
        var verb = new Verb("seed", "Train the students of one seed.", "pta-effect seed --seed 1") { output, seed, tier };
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            Study study = Open(Terminal.Of(parse), parse.GetValue(output)!, cancellation);
            new StudySeed(study, parse.GetValue(seed)).Run([.. StudyMethods.UpTo(parse.GetValue(tier))], study.ChooseRates(cancellation).Chosen, cancellation);
            return 0;
        }, cancellation));
        return verb;
    }

    private static Study Open(Terminal terminal, string folder, CancellationToken cancellation)
    {
        SetupTorchCommand.Ensure(terminal, again: false, cancellation);
        return new Study(Path.GetFullPath(folder), Backends.Backends.Open(null, terminal.Notice), new FuseProgress(terminal));
    }

    private static void RunSeeds(string folder, int[] seeds, int tier, int jobs, CancellationToken cancellation)
    {
        int failed = 0;
        Parallel.ForEach(Partitioner.Create(seeds, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, jobs), CancellationToken = cancellation }, seed =>
        {
            // libtorch has one pool of threads per process, so that seeds at once need processes of their own.
            var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(RunCommand).Assembly.Location, "seed", "--out", folder, "--seed", $"{seed}", "--tier", $"{tier}"]) { RedirectStandardError = true };
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

    private static Option<string> Output() => new("--out") { Description = $"folder for everything that the study makes; finished parts in it are not made again; default {DefaultFolder}", HelpName = "folder", DefaultValueFactory = static _ => DefaultFolder };

    private static Option<int> Tier() => ValueOption.Count("--tier", "0: the rows that presets are judged by, 1: single changes too, 2: combinations of these too, 3: ideas too", StudyMethods.LastTier);
}
