using System.Diagnostics;
using System.Globalization;
using PtaKernels.Corpus;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>Progress of long work on standard error: a bar with rate and remaining time on a terminal, a line every few seconds elsewhere.</summary>
internal static class ProgressReport
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    /// <summary>Runs countable work, which tells how much more it has done.</summary>
    public static void Run(Terminal terminal, string title, string unit, long total, Action<Action<long>> work) =>
        Run(terminal, title, unit, report =>
        {
            long done = 0;
            work(more => report(done += more, (double)done / Math.Max(1, total)));
        });

    /// <summary>Runs work that tells how many units are done and what share of the whole that is.</summary>
    public static void Run(Terminal terminal, string title, string unit, Action<Action<long, double>> work) =>
        Run(terminal, title, unit, (Action<RunProgress> report) => work((done, share) => report(new RunProgress(done, share))));

    /// <summary>Runs work that tells how far it is; a run that goes on begins with a share of the whole.</summary>
    public static void Run(Terminal terminal, string title, string unit, Action<Action<RunProgress>> work)
    {
        if (terminal.ShowsProgress)
            RunWithBar(terminal, title, unit, work);
        else
            RunWithLines(terminal, title, unit, work);
    }

    private static void RunWithBar(Terminal terminal, string title, string unit, Action<Action<RunProgress>> work)
    {
        var rate = new RateColumn(unit);
        terminal.ErrorConsole.Progress().AutoClear(true).Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), rate, new RemainingTimeColumn()).Start(context =>
            {
                ProgressTask task = context.AddTask(Terminal.Escape(title), maxValue: 1);
                work(progress =>
                {
                    rate.Done = progress.Tokens;
                    task.Value = progress.Share;
                    if (progress.Part is { } part)
                        task.Description = Terminal.Escape($"{title}, {part}");
                });
                task.Value = task.MaxValue;
            });
    }

    private static void RunWithLines(Terminal terminal, string title, string unit, Action<Action<RunProgress>> work)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan last = TimeSpan.Zero;
        double? first = null;
        work(progress =>
        {
            (long done, double share, string? part) = progress;
            first ??= share; // what was done before this run began says nothing about its speed
            if (clock.Elapsed - last < Quiet || share >= 1)
                return;
            last = clock.Elapsed;
            double seconds = clock.Elapsed.TotalSeconds;
            terminal.Errors.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{title}: {done} {unit}, {100 * share:F0} %, {done / seconds:F0} {unit}/s, {seconds * (1 - share) / Math.Max(1e-9, share - first.Value):F0} s left{(part is null ? "" : ", " + part)}"));
        });
    }

    private sealed class RateColumn(string unit) : ProgressColumn
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public long Done { get; set; }

        public override Spectre.Console.Rendering.IRenderable Render(Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Spectre.Console.Text($"{(Done / _clock.Elapsed.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture)} {unit}/s");
    }
}
