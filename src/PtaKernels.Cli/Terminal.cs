using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>Where a verb writes: colours and progress on a terminal, plain text everywhere else.</summary>
internal sealed class Terminal
{
    /// <summary>Columns that output is laid out for when it goes to a file or a pipe.</summary>
    public const int PlainWidth = 120;

    /// <summary>A file or a pipe takes lines as long as they are.</summary>
    private const int Unwrapped = 10_000;

    /// <summary>How values become JSON: indented, snake case, readable characters.</summary>
    public static readonly JsonSerializerOptions JsonOptions = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private Terminal(TextWriter output, TextWriter errors)
    {
        Output = output;
        Errors = errors;
        Console = Open(output);
        ErrorConsole = Open(errors);
        Width = WidthOf(output);
    }

    /// <summary>Standard output.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error.</summary>
    public TextWriter Errors { get; }

    /// <summary>Standard output with markup.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Standard error with markup: progress goes here, so that standard output stays what was asked for.</summary>
    public IAnsiConsole ErrorConsole { get; }

    /// <summary>Columns to lay out for.</summary>
    public int Width { get; }

    /// <summary>Whether progress may be drawn and redrawn.</summary>
    public bool ShowsProgress => IsTerminal(Errors);

    /// <summary>The writers of an invocation.</summary>
    public static Terminal Of(ParseResult parse) => new(parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);

    /// <summary>Two writers.</summary>
    public static Terminal Over(TextWriter output, TextWriter errors) => new(output, errors);

    /// <summary>Columns of a writer.</summary>
    public static int WidthOf(TextWriter writer) => IsTerminal(writer) ? Math.Max(60, System.Console.WindowWidth) : PlainWidth;

    /// <summary>Writes a value as JSON.</summary>
    public void WriteJson<T>(T value) => Output.WriteLine(JsonSerializer.Serialize(value, JsonOptions));

    /// <summary>A sentence that a user should know, on standard error.</summary>
    public void Notice(string sentence) => Errors.WriteLine("notice: " + sentence);

    /// <summary>One line with markup.</summary>
    public void Line(string markup = "") => Console.MarkupLine(markup);

    /// <summary>Text that is no markup.</summary>
    public static string Escape(string text) => Markup.Escape(text);

    private static bool IsTerminal(TextWriter writer) =>
        (ReferenceEquals(writer, System.Console.Out) && !System.Console.IsOutputRedirected)
        || (ReferenceEquals(writer, System.Console.Error) && !System.Console.IsErrorRedirected);

    private static IAnsiConsole Open(TextWriter writer)
    {
        bool terminal = IsTerminal(writer) && Environment.GetEnvironmentVariable("TERM") != "dumb";
        bool colours = terminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        console.Profile.Capabilities.Unicode = true;
        console.Profile.Width = terminal ? WidthOf(writer) : Unwrapped;
        return console;
    }
}
