using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus kill</c>: a run that is killed again and again ends in the bytes of an undisturbed one.</summary>
internal static class KillCommand
{
    /// <summary>A run that is never hit, because it ends before its moments, is not begun for ever.</summary>
    private const int MostRunsPerKill = 5;

    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        BreakingOptions options = Breaking.Options(2_000);
        var times = ValueOption.Count("--times", "kills", 50);
        var verb = new Verb("kill", "Kill `pta align` at random moments, run the same command again until it is done, and compare every byte with an undisturbed run's.", "pta-corpus kill --times 50 --seed 1") { times };
        options.AddTo(verb);
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            using var breaking = Breaking.Of(parse, options);
            Run(breaking, parse.GetValue(times), (ulong)parse.GetValue(options.Seed), cancellation);
            breaking.Conclude();
            return breaking.ExitCode;
        }, cancellation));
        return verb;
    }

    private static void Run(Breaking breaking, int times, ulong seed, CancellationToken cancellation)
    {
        var draws = new Draws(seed);
        string output = breaking.Named("killed");
        // Spread over the undisturbed run, one in each of as many parts of it, in random order.
        double[] moments = [.. Enumerable.Range(0, times).Select(i => breaking.Seconds * (i + draws.Unit()) / times)];
        draws.Shuffle(moments);
        for (int kills = 0, runs = 0; kills < times;)
        {
            AlignWork.Remove(output);
            int hit = 0;
            List<string> said = [];
            string? problem = null;
            for (bool done = false; !done && problem is null;)
            {
                cancellation.ThrowIfCancellationRequested();
                using var run = new PtaProcess(breaking.Work.Arguments(output));
                // Half of the runs that go on are killed as well.
                bool kill = kills + hit < times && (hit == 0 || draws.Unit() < 0.5);
                double moment = kill ? moments[kills + hit] : 0;
                bool killed = run.Wait(kill ? TimeSpan.FromSeconds(moment) : null);
                runs++;
                if (killed)
                {
                    hit++;
                    said.Add($"{moment:F2} s");
                    // A run may be hit after it has published its output, but what has the final name is whole.
                    done = Path.Exists(output);
                    problem = done && FolderBytes.Difference(breaking.Expected, output) is { } half ? "there is another output under the final name: " + half : null;
                    continue;
                }

                done = true;
                problem = run.ExitCode != 0 ? $"the same command ends with status {run.ExitCode}: {run.Text.Trim()}" : FolderBytes.Difference(breaking.Expected, output);
            }

            breaking.Count($"killed after {string.Join(", ", said)}", problem, hit);
            kills += hit;
            if (hit == 0 && problem is not null)
                throw new AlignmentDataException($"an undisturbed run differs from another one: {problem}");
            if (hit == 0 && runs > MostRunsPerKill * times)
                throw new AlignmentDataException("the run is too short to be killed; take more --documents.");
            if (hit == 0)
                moments[kills] *= draws.Unit(); // it ended before its moment
        }

        AlignWork.Remove(output);
    }
}
