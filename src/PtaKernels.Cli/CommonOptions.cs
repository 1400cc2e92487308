using System.CommandLine;
using PtaKernels.Native;

namespace PtaKernels.Cli;

/// <summary>Options that several verbs share: one per switch of <see cref="AlignmentSwitches.All"/>, the preset, the backend, JSON. One instance per verb.</summary>
internal sealed class CommonOptions
{
    private readonly (AlignmentSwitch Switch, Option<string?> Option)[] _switches =
        [.. AlignmentSwitches.All.Select(static s => (s, new Option<string?>("--" + s.Name) { Description = $"{s.Help} [{s.Takes}]", HelpName = "value" }))];

    /// <summary>The preset that the switches start from.</summary>
    public Option<string> Preset { get; } = new("--preset")
    {
        Description = $"values of all switches to start from [{string.Join(" | ", AlignmentPreset.Names)}]",
        HelpName = "name",
        DefaultValueFactory = static _ => AlignmentPreset.Default,
    };

    /// <summary>The backend.</summary>
    public Option<string?> Backend { get; } = new("--backend")
    {
        Description = $"what computes [{string.Join(" | ", Backends.Backends.Names)} | auto]; default: ${Backends.Backends.EnvironmentVariable}, else auto. ${NativeBackend.IsaVariable} forces native's instruction set",
        HelpName = "name",
    };

    /// <summary>Machine-readable output.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "print JSON instead of text" };

    /// <summary>Adds the preset and every switch to a verb.</summary>
    public void AddSwitches(Command command)
    {
        command.Options.Add(Preset);
        foreach ((_, Option<string?> option) in _switches)
            command.Options.Add(option);
    }

    /// <summary>The preset with the switches given on the command line.</summary>
    /// <exception cref="ArgumentException">A preset, value or combination that is refused: one sentence.</exception>
    public AlignmentOptions OptionsOf(ParseResult parse)
    {
        AlignmentOptions options = AlignmentPreset.Named(parse.GetValue(Preset)!);
        foreach ((AlignmentSwitch one, Option<string?> option) in _switches)
        {
            if (parse.GetValue(option) is { } value)
                one.Set(ref options, value);
        }

        AlignmentSwitches.Validate(options);
        return options;
    }

    /// <summary>Names of the switches given on the command line.</summary>
    public IReadOnlySet<string> GivenIn(ParseResult parse) =>
        _switches.Where(s => parse.GetValue(s.Option) is not null).Select(static s => s.Switch.Name).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether the preset was named rather than defaulted.</summary>
    public bool NamesPreset(ParseResult parse) => parse.GetResult(Preset) is { Implicit: false };

    /// <summary>The backend asked for.</summary>
    /// <exception cref="ArgumentException">It is not available here.</exception>
    public IKernelBackend OpenBackend(ParseResult parse) => Invocation.Of(parse).Open(parse.GetValue(Backend));
}

/// <summary>One run of the command line: its writers, and the backends that it opened.</summary>
internal sealed class Invocation : InvocationConfiguration
{
    private readonly List<IDisposable> _opened = [];

    /// <summary>The invocation of a verb that runs.</summary>
    public static Invocation Of(ParseResult parse) => (Invocation)parse.InvocationConfiguration;

    /// <summary>Opens a backend, whose notices go to standard error or to whom else it is said.</summary>
    public IKernelBackend Open(string? name, Action<string>? notice = null)
    {
        IKernelBackend backend = Backends.Backends.Open(name, notice ?? (sentence => Error.WriteLine("notice: " + sentence)));
        if (backend is IDisposable device)
            _opened.Add(device);
        return backend;
    }

    /// <summary>Gives devices back; nothing may be working on them.</summary>
    public void CloseBackends()
    {
        foreach (IDisposable device in _opened)
            device.Dispose();
        _opened.Clear();
    }
}
