using System.Diagnostics;
using System.Globalization;
using PtaKernels.Training;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>Progress of a training run on standard error: a bar on a terminal, a line every few seconds elsewhere, with loss, rate, time left and memory.</summary>
internal sealed class TrainingProgress(Terminal terminal)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _last = -Quiet;
    private long _tokens;
    private double _seconds;
    private int _done;
    private ProgressTask? _task;

    /// <summary>Steps of the whole run.</summary>
    public int Steps { get; set; }

    /// <summary>Runs the work, which calls <see cref="Add"/>.</summary>
    public void Run(Action work)
    {
        if (!terminal.ShowsProgress)
        {
            work();
            return;
        }

        terminal.ErrorConsole.Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn()).Start(context =>
        {
            _task = context.AddTask("training", maxValue: Steps);
            work();
        });
    }

    /// <summary>A step was done.</summary>
    public void Add(StepRecord step)
    {
        _tokens += step.Tokens;
        _seconds += step.Seconds;
        _done++;
        double left = _seconds / _done * (Steps - step.Step);
        string line = string.Create(CultureInfo.InvariantCulture,
            $"step {step.Step}/{Steps}  loss {step.Loss:F4}  next token {step.NextToken:F4}  {(step.Fusion is { } fusion ? $"fusion {fusion.ToString("F4", CultureInfo.InvariantCulture)}  " : "")}{_tokens / _seconds:F0} tokens/s  {Time(left)} left  {step.MemoryMegabytes / 1000:F1} GB");
        if (_task is not null)
        {
            _task.Value = step.Step;
            _task.Description = Terminal.Escape(line);
        }
        else if (_clock.Elapsed - _last >= Quiet || step.Step == Steps)
        {
            _last = _clock.Elapsed;
            terminal.Errors.WriteLine(line);
        }
    }

    private static string Time(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, 1e8));
        return time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes} min" : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s" : $"{time.Seconds} s";
    }
}
