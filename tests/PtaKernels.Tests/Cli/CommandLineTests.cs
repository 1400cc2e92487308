using System.Text.Json;

namespace PtaKernels.Tests.Cli;

/// <summary>What every verb shares: help, errors in one sentence, exit statuses, JSON.</summary>
public sealed class CommandLineTests
{
    private static readonly string[] Verbs = ["align", "capture", "demo", "devices", "explain-mode", "fuse", "gather", "inspect", "map", "plan", "serve", "split", "verify"];

    [TestCaseSource(nameof(Verbs))]
    public void HelpEndsWithExamples(string verb)
    {
        PtaRun run = Pta.Run(verb, "--help");
        string[] examples = run.Output[(run.Output.IndexOf("Examples:", StringComparison.Ordinal) + "Examples:".Length)..].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero);
            Assert.That(examples, Has.Length.InRange(1, 3).And.All.StartsWith($"pta {verb}"));
        }
    }

    [Test]
    public void WithoutVerbShowsHelp()
    {
        PtaRun run = Pta.Run();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(2));
            foreach (string verb in Verbs)
                Assert.That(run.Output, Does.Contain("  " + verb));
        }
    }

    [Test]
    public void VersionIsOneLine() => Assert.That(Pta.Run("--version").Output, Does.Match(@"^\d+\.\d+\.\d+\S*\n$"));

    [TestCase(2, "frobnicate", "Unrecognized command or argument 'frobnicate'")]
    [TestCase(2, "verify", "'--golden' is required")]
    [TestCase(2, "devices --frob 1", "'--frob'")]
    [TestCase(2, "map --source-vocab a --target-vocab b --out c --rule words", "'words' not recognized. Must be one of: 'strings', 'texts'.")]
    [TestCase(1, "explain-mode --preset best", "preset 'best' is unknown; use reference, paper, fusion.")]
    [TestCase(1, "explain-mode --transport teleport", "--transport 'teleport' is unknown; use none | official")]
    [TestCase(1, "explain-mode --epsilon small", "--epsilon 'small' must be a number, or 1/N.")]
    [TestCase(1, "explain-mode --epsilon 0", "--epsilon is 0; it must be a number over 0.")]
    [TestCase(1, "explain-mode --window 65", "--window '65' must be a whole number 0..64.")]
    [TestCase(1, "explain-mode warp", "switch 'warp' is unknown")]
    [TestCase(1, "explain-mode --preset paper --mass tail", "use --mass renormalised")]
    [TestCase(1, "verify --golden . --backend abacus", "backend 'abacus' is unknown")]
    [TestCase(1, "demo --samples none", "none")]
    public void ErrorsAreOneSentence(int exit, string arguments, string says)
    {
        PtaRun run = Pta.Run(arguments.Split(' '));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(exit));
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Errors, Does.StartWith("pta: ").And.Contain(says));
            Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
        }
    }

    [Test]
    public void ExplainModeListsEverySwitch()
    {
        string text = Pta.Run("explain-mode").Output;
        JsonElement[] switches = [.. Pta.Run("explain-mode", "--json").Json.GetProperty("switches").EnumerateArray()];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(switches.Select(static s => s.GetProperty("name").GetString()), Is.EqualTo(AlignmentSwitches.All.Select(static s => s.Name)));
            foreach (AlignmentSwitch one in AlignmentSwitches.All)
            {
                Assert.That(text, Does.Match($@"(?m)^{one.Name} .*{System.Text.RegularExpressions.Regex.Escape(one.Get(AlignmentPreset.Reference))} .*{System.Text.RegularExpressions.Regex.Escape(one.Section)}$"));
                Assert.That(text, Does.Contain($"    {one.Help}: {one.Takes}\n"));
            }
        }
    }

    [Test]
    public void ExplainModeMarksWhatWasGiven()
    {
        PtaRun run = Pta.Run("explain-mode", "--preset", "fusion", "--mass", "renormalised");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Output, Does.Match(@"(?m)^mass .* renormalised \*"));
            Assert.That(run.Output.Split('\n').Count(static l => l.Contains(" *", StringComparison.Ordinal) && !l.StartsWith('*')), Is.EqualTo(1));
            Assert.That(Pta.Run("explain-mode", "mass").Output.Split('\n')[1], Does.StartWith("mass "));
        }
    }

    [Test]
    public void DevicesNamesWhatAutoTakes()
    {
        JsonElement json = Pta.Run("devices", "--json").Json;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Backends.Backends.Available, Does.Contain(json.GetProperty("auto").GetString()));
            Assert.That(json.GetProperty("cores").GetInt32(), Is.Positive);
            Assert.That(Pta.Run("devices").Output, Does.Contain("auto takes"));
        }
    }
}
