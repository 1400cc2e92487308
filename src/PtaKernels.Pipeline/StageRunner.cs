using System.Diagnostics;
using System.Text.Json;

namespace PtaKernels.Pipeline;

/// <summary>Runs stages one after another, each unless it is finished for what it would be made from.</summary>
/// <param name="folder">Where the records are.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class StageRunner(string folder, IFuseProgress progress)
{
    private readonly StageRecords _records = new(folder);
    private readonly List<StageTime> _times = [];

    /// <summary>Seconds of every stage so far, when it ran.</summary>
    public IReadOnlyList<StageTime> Times => _times;

    /// <summary>The record of a stage; null where it was never begun.</summary>
    public StageRecord? Find(string stage) => _records.Find(stage);

    /// <summary>Runs a stage, unless it is finished for this key.</summary>
    /// <param name="stage">Its name, with what it works on.</param>
    /// <param name="unit">What it counts.</param>
    /// <param name="key">What it works from.</param>
    /// <param name="made">Files and folders that it makes; what another key left there is removed.</param>
    /// <param name="work">The work; returns what the report needs.</param>
    /// <param name="outcome">A few words on that.</param>
    public StageRecord Run<T>(string stage, string unit, string key, string[] made, Func<Action<long, double>, T> work, Func<T, string> outcome)
    {
        StageRecord? known = _records.Find(stage);
        bool reused = known is { Finished: true } && known.Key == key && Array.TrueForAll(made, Path.Exists);
        if (!reused)
        {
            if (known is not null && known.Key != key)
            {
                progress.Notice($"{stage}: made again, because what it is made from has changed.");
                foreach (string path in made)
                    Remove(path);
            }

            _records.Save(stage, new StageRecord(key, null, null));
            foreach (string path in made)
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var clock = Stopwatch.StartNew();
            T? result = default;
            progress.Run(stage, unit, report => result = work(report));
            known = new StageRecord(key, clock.Elapsed.TotalSeconds, JsonSerializer.SerializeToElement(result, FuseConfigFile.Options));
            _records.Save(stage, known);
        }

        _times.Add(new StageTime(stage, known!.Seconds!.Value));
        progress.Done(stage, outcome(known.ResultAs<T>()), known.Seconds.Value, reused);
        return known;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else if (File.Exists(path))
            File.Delete(path);
    }
}
