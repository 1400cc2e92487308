using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>Progress of countable work on standard error: a bar with rate and remaining time on a terminal, a line every few seconds elsewhere.</summary>
internal static class ProgressReport
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    /// <summary>Runs work that reports how much it has done.</summary>
    public static void Run(Terminal terminal, string title, string unit, long total, Action<Action<long>> work)
    {
        if (terminal.ShowsProgress)
            RunWithBar(terminal, title, unit, total, work);
        else
            RunWithLines(terminal, title, unit, total, work);
    }

    private static void RunWithBar(Terminal terminal, string title, string unit, long total, Action<Action<long>> work)
    {
        var rate = new RateColumn(unit);
        terminal.ErrorConsole.Progress().AutoClear(true).Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), rate, new RemainingTimeColumn()).Start(context =>
            {
                ProgressTask task = context.AddTask(Terminal.Escape(title), maxValue: Math.Max(1, total));
                work(done => task.Increment(done));
                task.Value = task.MaxValue;
            });
    }

    private static void RunWithLines(Terminal terminal, string title, string unit, long total, Action<Action<long>> work)
    {
        var clock = Stopwatch.StartNew();
        long done = 0;
        TimeSpan last = TimeSpan.Zero;
        work(more =>
        {
            done += more;
            if (clock.Elapsed - last < Quiet || done >= total)
                return;
            last = clock.Elapsed;
            double rate = done / clock.Elapsed.TotalSeconds;
            terminal.Errors.WriteLine(FormattableString.Invariant(
                $"{title}: {done} of {total} {unit}, {100.0 * done / total:F0} %, {rate:F0} {unit}/s, {(total - done) / rate:F0} s left"));
        });
    }

    private sealed class RateColumn(string unit) : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Spectre.Console.Text($"{(task.Speed ?? 0).ToString("F0", CultureInfo.InvariantCulture)} {unit}/s");
    }
}
