using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>The command line.</summary>
internal sealed record GateOptions
{
    /// <summary>Case sets, in the order they are run.</summary>
    public static readonly string[] AllSets = ["native", "dotnet", "ptx", "sizes"];

    /// <summary>The usage.</summary>
    public const string Help = """
        scripts/check-perf [BASE]   did this tree become slower than BASE, a commit? Default: HEAD when src/ or native/ have changes, else the commit before HEAD
          --set NAME       only this case set; may be given again [native | dotnet | ptx | sizes]; default: all
          --quick          at most about 20 seconds a set after building; passes that take long are left out
          --seconds S      seconds of timing for each case of both sides together; default 2, with --quick 0.8
          --force          time both sides although their sources are the same
          --json FILE      also write what was measured as JSON
          --junit FILE     also write it as JUnit XML, a suite for each set
          --cache DIR      where builds of BASE are kept; default artifacts/perf
          --update         rewrite perf/counts.tsv from this tree, and compare nothing
        Exit status: 0 fine, 1 slower or more, 2 what could be measured is fine but something could not be measured.
        """;

    /// <summary>The commit to compare with; null: the default.</summary>
    public string? Base { get; private init; }

    /// <summary>The case sets asked for.</summary>
    public IReadOnlyList<string> Sets { get; private init; } = AllSets;

    /// <summary>Less time.</summary>
    public bool Quick { get; private init; }

    /// <summary>Seconds of timing for a case.</summary>
    public double Seconds { get; private init; } = 2;

    /// <summary>Time although nothing changed.</summary>
    public bool Force { get; private init; }

    /// <summary>Where JSON goes; null: nowhere.</summary>
    public string? Json { get; private init; }

    /// <summary>Where JUnit's XML goes; null: nowhere.</summary>
    public string? JUnit { get; private init; }

    /// <summary>Where builds of BASE are kept; null: the default.</summary>
    public string? Cache { get; private init; }

    /// <summary>Rewrite the committed counts.</summary>
    public bool Update { get; private init; }

    /// <summary>Reads a command line.</summary>
    /// <exception cref="ArgumentException">It is wrong; the message says how.</exception>
    public static GateOptions Parse(IReadOnlyList<string> args)
    {
        var options = new GateOptions();
        var sets = new List<string>();
        bool ownSeconds = false;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--quick": options = options with { Quick = true }; break;
                case "--force": options = options with { Force = true }; break;
                case "--update": options = options with { Update = true }; break;
                case "--set": sets.Add(SetOf(Value())); break;
                case "--json": options = options with { Json = Value() }; break;
                case "--junit": options = options with { JUnit = Value() }; break;
                case "--cache": options = options with { Cache = Value() }; break;
                case "--seconds":
                    options = options with { Seconds = SecondsOf(Value()) };
                    ownSeconds = true;
                    break;
                case var name when name.StartsWith('-'):
                    throw new ArgumentException($"{name} is no option of scripts/check-perf; see --help.");
                case var commit when options.Base is null:
                    options = options with { Base = commit };
                    break;
                default:
                    throw new ArgumentException($"{options.Base} and {args[i]} are two commits; BASE is one.");
            }

            string Value() => ++i < args.Count ? args[i] : throw new ArgumentException($"{args[i - 1]} needs a value; see --help.");
        }

        if (options.Quick && !ownSeconds)
            options = options with { Seconds = 0.8 };
        return sets.Count > 0 ? options with { Sets = [.. AllSets.Where(sets.Contains)] } : options;
    }

    private static string SetOf(string name) => AllSets.Contains(name) ? name : throw new ArgumentException($"--set {name} is unknown; use {string.Join(", ", AllSets)}.");

    private static double SecondsOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds > 0 && double.IsFinite(seconds)
            ? seconds : throw new ArgumentException($"--seconds {text} must be a number over 0.");
}
