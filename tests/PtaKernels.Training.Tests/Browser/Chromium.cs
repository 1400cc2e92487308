using PuppeteerSharp;

namespace PtaKernels.Training.Tests.Browser;

/// <summary>The system's Chromium without a window. Under <c>scripts/test --all</c> it must be there; elsewhere tests that need it are skipped without it.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly IBrowser _browser;

    private Chromium(IBrowser browser) => _browser = browser;

    /// <summary>Starts it.</summary>
    public static async Task<Chromium> StartAsync()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        string? program = Names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (program is null)
        {
            const string Missing = "No Chromium on the path; `scripts/setup --browser` installs it, or says how.";
            if (Environment.GetEnvironmentVariable("PTAKERNELS_NEEDS_BROWSER") == "1")
                Assert.Fail(Missing);
            Assert.Ignore(Missing);
        }

        // Root may not use the sandbox, and containers may not make one; the only pages opened are those that tests write.
        return new Chromium(await Puppeteer.LaunchAsync(new LaunchOptions
        {
            Headless = true, ExecutablePath = program, Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"], Timeout = 120_000,
        }));
    }

    /// <summary>Opens a file in a page of its own.</summary>
    public async Task<BrowserPage> OpenAsync(string file)
    {
        var page = new BrowserPage(await _browser.NewPageAsync());
        await page.OpenAsync(file);
        return page;
    }

    public async ValueTask DisposeAsync() => await _browser.DisposeAsync();
}
