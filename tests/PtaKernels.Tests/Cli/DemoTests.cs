using System.Text.Json;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta demo</c> on the samples.</summary>
public sealed class DemoTests
{
    [Test]
    public void ComparesThePresets()
    {
        PtaRun run = Pta.Run("demo", "alignment", "--samples", Pta.Samples(""));
        string[] lines = run.Output.Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero);
            Assert.That(lines, Has.Some.Match(@"^ +reference +paper +fusion"));
            Assert.That(lines, Has.Some.StartsWith("  certified optimal").And.Some.StartsWith("teacher signal kept").And.Some.StartsWith("Step 28"));
            Assert.That(run.Output, Does.Contain("n-gram").And.Not.Contain("\u001b"));
        }
    }

    [Test]
    public void CountsAddUp()
    {
        JsonElement json = Pta.Run("demo", "alignment", "--samples", Pta.Samples(""), "--json").Json;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.GetProperty("documents").GetInt32(), Is.InRange(30, 40));
            foreach (JsonElement preset in json.GetProperty("presets").EnumerateArray())
            {
                Assert.That(preset.GetProperty("rows").EnumerateObject().Sum(static r => r.Value.GetInt64()), Is.EqualTo(preset.GetProperty("rows_seen").GetInt64()));
                Assert.That(preset.GetProperty("statuses").EnumerateObject().Sum(static r => r.Value.GetInt64()), Is.EqualTo(preset.GetProperty("transports").GetInt64()));
                Assert.That(preset.GetProperty("signal_kept").GetDouble(), Is.InRange(0, 1));
            }
        }
    }
}
